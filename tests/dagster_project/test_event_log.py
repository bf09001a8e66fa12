"""The event log keeps its connections while a run goes on, and none after it."""

from pathlib import Path

import dagster as dg

from dagster_project.event_log import kept_connections


@dg.asset
def harvest() -> int:
    return 1


def test_a_run_opens_each_file_once(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_config(_home(tmp_path)) as instance:
        log = instance.event_log_storage
        with kept_connections(instance):
            assert dg.materialize([harvest], instance=instance).success
            seen = set()
            for _ in range(3):
                with log.index_connection() as connection:  # type: ignore[attr-defined]
                    seen.add(connection.connection.dbapi_connection)
            assert len(seen) == 1
        assert instance.get_latest_materialization_event(dg.AssetKey("harvest"))


def test_what_a_run_wrote_is_there_for_the_next_process(tmp_path: Path) -> None:
    with dg.DagsterInstance.from_config(_home(tmp_path)) as first, kept_connections(first):
        run_id = dg.materialize([harvest], instance=first).run_id
    with dg.DagsterInstance.from_config(_home(tmp_path)) as second:
        events = [event.dagster_event_type for event in second.all_logs(run_id)]
        assert dg.DagsterEventType.ASSET_MATERIALIZATION in events
        assert events[-1] == dg.DagsterEventType.RUN_SUCCESS


def test_another_storage_is_left_as_it_is() -> None:
    with dg.DagsterInstance.ephemeral() as instance, kept_connections(instance):
        assert dg.materialize([harvest], instance=instance).success


def _home(folder: Path) -> str:
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", "utf-8")
    return str(folder)
