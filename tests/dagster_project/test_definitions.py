"""What Dagster's users see when they load this project."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph

from dagster_project.definitions import defs
from dagster_project.jobs import GROUPS
from kg_assets.stages import NAMES
from tests.environment import without_our_variables

CODE_ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LOADING = """
import json, sys
connected = []
sys.addaudithook(lambda event, args: connected.append(str(args[1])) if event == "socket.connect" else None)
import dagster_project.definitions
print(json.dumps(connected))
"""


@pytest.fixture(scope="module")
def graph() -> AssetGraph:
    return defs.resolve_asset_graph()


@pytest.mark.parametrize("stage", NAMES)
def test_every_asset_says_what_it_is(graph: AssetGraph, stage: str) -> None:
    node = graph.get(dg.AssetKey(stage))
    assert node.group_name in GROUPS
    assert node.description
    assert len(node.description) > 30
    assert node.kinds
    assert node.owners == ["team:graphtutor"]
    assert node.code_version
    assert isinstance(node.partitions_def, dg.DynamicPartitionsDefinition)
    assert node.partitions_def.name == "corpus"


def test_there_are_no_other_assets(graph: AssetGraph) -> None:
    assert {key.to_user_string() for key in graph.get_all_asset_keys()} == set(NAMES)


def test_every_stage_comes_after_what_it_reads(graph: AssetGraph) -> None:
    for stage in NAMES:
        for parent in graph.get(dg.AssetKey(stage)).parent_keys:
            assert NAMES.index(parent.to_user_string()) < NAMES.index(stage)
    assert not graph.get(dg.AssetKey("documents")).parent_keys


def test_every_check_is_described(graph: AssetGraph) -> None:
    specs = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert all(spec.description for spec in specs)


def test_there_is_a_job_for_the_pipeline_and_for_each_group(graph: AssetGraph) -> None:
    pipeline = defs.resolve_job_def("pipeline")
    assert {key.to_user_string() for key in pipeline.asset_layer.selected_asset_keys} == set(NAMES)
    for group in GROUPS:
        selected = defs.resolve_job_def(f"{group}_only").asset_layer.selected_asset_keys
        assert selected
        assert {graph.get(key).group_name for key in selected} == {group}


def test_loading_connects_to_nothing_and_writes_nothing(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "folder"
    home.mkdir()
    folder.mkdir()
    loaded = subprocess.run(
        [sys.executable, "-B", "-c", LOADING],
        cwd=folder,
        env=without_our_variables() | {"PYTHONPATH": str(CODE_ROOT), "HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(loaded.stdout) == []
    assert [*home.iterdir(), *folder.iterdir()] == []


@pytest.mark.parametrize(
    "command",
    [
        ("dagster", "definitions", "validate", "-w", "workspace.yaml"),
        ("dg", "check", "defs"),
        ("dg", "list", "defs", "--json"),
    ],
)
def test_dagsters_own_tools_work_in_the_projects_root(tmp_path: Path, command: tuple[str, ...]) -> None:
    root = tmp_path / "clone"
    root.mkdir()
    for name in ("dagster_project", "kg_assets", "resources", "sensors"):
        shutil.copytree(CODE_ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "workspace.yaml", "dagster.yaml"):
        shutil.copy(CODE_ROOT / name, root / name)
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=root,
        env=without_our_variables() | {"PATH": f"{BIN}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if "list" in command:
        listed = json.loads(done.stdout)
        assert {asset["asset_key"] for asset in listed["assets"]} == set(NAMES)
        assert {job["name"] for job in listed["jobs"]} == {"pipeline", *(f"{group}_only" for group in GROUPS)}
        assert [sensor["name"] for sensor in listed["sensors"]] == ["documents_sensor"]
