"""`dagster dev` in the project's root, as Dagster's users start it."""

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest
import yaml

from dagster_project.run import DAGSTER_YAML
from kg_assets.stages import NAMES
from tests.pipeline.project import CODE_ROOT, Project
from tests.ui.served import STOP_S, ServedUi, processes_of, wait_until

pytestmark = pytest.mark.ui


def test_dagster_dev_in_the_projects_root_becomes_ready(project: Project) -> None:
    root = _copy_of_the_root(project.folder / "root")
    environment = project.environment(PYTHONPATH=str(root))
    with ServedUi([sys.executable, "-m", "dagster", "dev"], "-p", root, environment) as dev:
        try:
            dev.wait_until_ready()
            assert dev.assets() == sorted(NAMES)
            assert "Telemetry" not in dev.output
            assert "Traceback" not in dev.output
        finally:
            os.killpg(dev.process.pid, signal.SIGTERM)
            dev.kill_group()
    wait_until(
        lambda: None if processes_of(root) else True,
        STOP_S,
        lambda: "\n".join(["still there:", *processes_of(root)]),
    )


def test_the_roots_dagster_yaml_says_what_that_of_a_workspace_says() -> None:
    assert yaml.safe_load((CODE_ROOT / "dagster.yaml").read_text("utf-8")) == yaml.safe_load(DAGSTER_YAML)


def _copy_of_the_root(root: Path) -> Path:
    root.mkdir()
    for name in ("workspace.yaml", "dagster.yaml", "graphtutor.yaml", "pyproject.toml"):
        shutil.copy(CODE_ROOT / name, root)
    for package in ("dagster_project", "kg_assets", "resources", "sensors"):
        shutil.copytree(CODE_ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__"))
    return root
