"""The sensor on real files, with a real Dagster instance: what starts a run of which corpus, and when."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.jobs import pipeline_job
from kg_assets.stage.asset import corpora
from resources.workbench import Workbench
from sensors import documents as sensor_module
from sensors.documents import SETTLE_SECONDS, documents_sensor


@dataclass
class Watch:
    """The sensor on `root`; `after(seconds)` is a tick, `restart` another process that goes on."""

    root: Path
    instance: dg.DagsterInstance
    clock: list[float]
    cursor: str | None = None
    requested: list[str] = field(default_factory=list)

    def after(self, seconds: float) -> list[str]:
        """The corpora for which this tick requests runs. As the daemon does, it adds the new partitions."""
        self.clock[0] += seconds
        sensor = documents_sensor(pipeline_job.name, corpora)
        workbench = Workbench(documents=str(self.root), workspace=str(self.root.parent / "workspace"))
        with dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"workbench": workbench}
        ) as context:
            result = sensor(context)
        if isinstance(result, dg.SkipReason):
            return []
        assert isinstance(result, dg.SensorResult)
        self.cursor = result.cursor
        for request in result.dynamic_partitions_requests or ():
            assert isinstance(request, dg.AddDynamicPartitionsRequest)
            self.instance.add_dynamic_partitions("corpus", request.partition_keys)
        requests = result.run_requests or []
        self.requested += [str(request.run_key) for request in requests]
        known = self.instance.get_dynamic_partitions("corpus")
        assert all(request.partition_key in known for request in requests)
        return [str(request.partition_key) for request in requests]

    def settled(self) -> list[str]:
        """The runs of two ticks between which nothing changes."""
        return [*self.after(0.1), *self.after(SETTLE_SECONDS)]


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Watch]:
    clock = [1_000_000.0]
    monkeypatch.setattr(sensor_module.time, "time", lambda: clock[0])
    root = tmp_path / "documents"
    root.mkdir()
    with dg.DagsterInstance.ephemeral() as instance:
        yield Watch(root, instance, clock)


def _put(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)


def test_new_changed_and_removed_files_each_start_one_run(watch: Watch) -> None:
    _put(watch.root / "a.txt", "one")
    assert watch.settled() == ["default"]
    assert watch.settled() == []
    _put(watch.root / "a.txt", "another")
    assert watch.settled() == ["default"]
    (watch.root / "a.txt").unlink()
    assert watch.settled() == ["default"]
    assert watch.settled() == []
    assert len(set(watch.requested)) == 3


def test_files_that_arrive_together_start_one_run(watch: Watch) -> None:
    for number in range(10):
        _put(watch.root / f"{number}.txt", "text")
    assert watch.settled() == ["default"]
    assert watch.settled() == []


def test_a_file_that_still_grows_is_waited_for(watch: Watch) -> None:
    for length in range(1, 5):
        _put(watch.root / "a.txt", "x" * length)
        assert watch.after(SETTLE_SECONDS - 1) == []
    assert watch.after(SETTLE_SECONDS) == ["default"]


def test_only_the_corpus_that_changed_is_run_and_a_new_one_gets_its_partition(watch: Watch) -> None:
    _put(watch.root / "tea" / "a.txt", "one")
    assert watch.settled() == ["tea"]
    _put(watch.root / "史记" / "a.txt", "one")
    assert watch.settled() == ["史记"]
    assert watch.instance.get_dynamic_partitions("corpus") == ["tea", "史记"]


def test_after_a_restart_nothing_is_run_twice(watch: Watch) -> None:
    _put(watch.root / "a.txt", "one")
    assert watch.settled() == ["default"]
    restarted = Watch(watch.root, watch.instance, watch.clock, watch.cursor)
    assert restarted.settled() == []
    _put(watch.root / "b.txt", "two")
    assert restarted.settled() == ["default"]


def test_without_a_documents_folder_it_skips_and_says_why(watch: Watch) -> None:
    watch.root.rmdir()
    workbench = Workbench(documents=str(watch.root))
    with dg.build_sensor_context(instance=watch.instance, resources={"workbench": workbench}) as context:
        result = documents_sensor(pipeline_job.name, corpora)(context)
    assert isinstance(result, dg.SkipReason)
    assert "--documents" in str(result.skip_message)
    watch.root.mkdir()
    _put(watch.root / "a.txt", "one")
    assert watch.settled() == ["default"]
