"""Stage records: what is derived from them, and that a stage reads nothing that its record does not name."""

from pathlib import Path

import pytest

from kg_assets.stage.bench import StageBench, Undeclared
from kg_assets.stages import STAGES
from resources.bench import RunBench
from resources.configuration.load import load_configuration
from resources.workspace.layout import WorkspaceLayout


@pytest.fixture
def run_bench(tmp_path: Path) -> RunBench:
    environment = {"SYNTHESIZER_MODEL": "m", "SYNTHESIZER_BASE_URL": "http://127.0.0.1:9/v1"}
    return RunBench(load_configuration(None, environment), tmp_path, WorkspaceLayout(tmp_path), "default")


def _bench(run_bench: RunBench, *settings: str, further: tuple[str, ...] = ()) -> StageBench:
    return StageBench(run_bench, "trial", settings, further)


def test_a_setting_that_is_named_can_be_read_alone_or_with_its_section(run_bench: RunBench) -> None:
    assert _bench(run_bench, "chunking.max_tokens").settings.chunking.max_tokens == 1024
    assert _bench(run_bench, "chunking").settings.chunking.overlap_tokens == 100


def test_reading_a_setting_that_is_not_named_is_an_error_that_names_it(run_bench: RunBench) -> None:
    settings = _bench(run_bench, "chunking.max_tokens").settings
    with pytest.raises(Undeclared, match=r"stage trial reads the setting chunking\.strategy"):
        _ = settings.chunking.strategy
    with pytest.raises(Undeclared, match="budget_usd"):
        _ = settings.budget_usd


def test_what_a_property_of_the_settings_reads_counts_too(run_bench: RunBench) -> None:
    """`qa_forms` looks at GraphGen's `qa_form` before `qa.forms`: a stage that named only the latter kept
    pairs that were not asked for any more."""
    with pytest.raises(Undeclared, match=r"traverse_strategy\.qa_form"):
        _ = _bench(run_bench, "qa.forms").settings.qa_forms
    both = _bench(run_bench, "qa.forms", "traverse_strategy.qa_form")
    assert both.settings.qa_forms == ("atomic", "aggregated", "multi_hop")


def test_a_section_as_a_whole_is_read_only_where_all_of_it_is_named(run_bench: RunBench) -> None:
    with pytest.raises(Undeclared, match="name its keys one by one"):
        _bench(run_bench, "chunking.max_tokens").settings.chunking.model_dump()
    assert _bench(run_bench, "chunking").settings.chunking.model_dump()["max_tokens"] == 1024


@pytest.mark.parametrize("read", ["aliases", "own_tree", "examined", "trainee", "embedder"])
def test_other_parts_of_the_configuration_must_be_named_too(run_bench: RunBench, read: str) -> None:
    with pytest.raises(Undeclared, match="which its record does not name"):
        getattr(_bench(run_bench), read)


def test_a_model_must_be_named_before_its_identity_is_read(run_bench: RunBench) -> None:
    with pytest.raises(Undeclared, match="'trainee'"):
        _bench(run_bench, further=("synthesizer",)).identity("trainee")
    assert _bench(run_bench, further=("synthesizer",)).identity("synthesizer")["model"] == "m"


def test_every_record_has_a_table_of_its_rows_and_a_group_with_a_folder() -> None:
    root = Path(__file__).resolve().parents[3] / "kg_assets"
    for stage in STAGES:
        assert (root / stage.group / "assets.py").is_file()
        assert hasattr(stage.row_type, "__dataclass_fields__"), stage.name
        assert (stage.role is None) == (stage.usual is None), stage.name
