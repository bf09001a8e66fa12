"""The ledger's promises: nothing computed twice, nothing lost silently, rows and their mark together."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import kg_assets.stage.ledger
from kg_assets.domain import Statement
from kg_assets.stage.ledger import (
    TRANSIENT_REASONS,
    Counts,
    Dropped,
    DroppedPart,
    Ledger,
    Outcome,
    OutcomeWork,
    Query,
    Work,
    WorkItem,
    serially,
)
from resources.errors import CallFailed, EndpointError
from resources.models.types import Ask, ChatRequest
from resources.warehouse.warehouse import Warehouse

STAGE = "statements"
Item = WorkItem[str]


def item(item_id: str, key: str | None = None, document: str | None = None) -> Item:
    return WorkItem(item_id, key or f"key of {item_id}", item_id, document)


def statement(name: str, index: int = 0) -> Statement:
    return Statement(f"t{name}{index}", name, f"text of {name}", True, "en")


async def one_row(work: Item, _ask: Ask) -> list[Statement]:
    return [statement(work.payload)]


def run(
    warehouse: Warehouse,
    items: Sequence[Item],
    work: Work[str] = one_row,
    run_id: str = "run",
    **more: Any,
) -> Counts:
    ledger = Ledger(warehouse, STAGE, run_id)
    return ledger.execute(items, ledger.pending(items), work, **more)


def current(warehouse: Warehouse) -> list[str]:
    return [row.unit_id for row in warehouse.rows(Statement, f"FROM current_{STAGE}")]


def drops(warehouse: Warehouse) -> list[tuple[Any, ...]]:
    frame = warehouse.frame("SELECT item_id, reason, detail, raw, retry, document_id FROM current_drops")
    return list(frame.itertuples(index=False, name=None))


def test_what_is_done_is_not_done_again(warehouse: Warehouse) -> None:
    items = [item("a"), item("b")]
    assert run(warehouse, items) == Counts(rows_in=2, new=2, reused=0, dropped=0, rows_out=2)
    again = Ledger(warehouse, STAGE, "second")
    assert again.pending(items) == []
    assert run(warehouse, items, run_id="second") == Counts(2, 0, 2, 0, 2)


def test_one_changed_item_is_the_only_one_computed(warehouse: Warehouse) -> None:
    run(warehouse, [item("a"), item("b"), item("c")])
    changed = [item("a"), item("b", "new key"), item("c")]
    assert [work.item_id for work in Ledger(warehouse, STAGE, "r").pending(changed)] == ["b"]
    assert run(warehouse, changed) == Counts(3, 1, 2, 0, 3)


def test_items_of_one_key_are_computed_once_and_each_is_current(warehouse: Warehouse) -> None:
    items = [item("a", "k"), item("b", "k"), item("c")]
    assert run(warehouse, items) == Counts(3, 2, 1, 0, 3)
    assert current(warehouse) == ["a", "a", "c"]


def test_the_current_view_follows_the_items_and_their_order_and_history_stays(warehouse: Warehouse) -> None:
    run(warehouse, [item("a"), item("b"), item("c")])
    assert run(warehouse, [item("c"), item("a")]) == Counts(2, 0, 2, 0, 2)
    assert current(warehouse) == ["c", "a"]
    assert warehouse.scalar(f"SELECT count(*) FROM {STAGE}") == 3
    assert run(warehouse, [item("b")]) == Counts(1, 0, 1, 0, 1)
    assert current(warehouse) == ["b"]
    assert run(warehouse, []) == Counts(0, 0, 0, 0, 0)
    assert current(warehouse) == []


def test_the_rows_of_an_item_keep_their_order_and_none_at_all_is_a_result(warehouse: Warehouse) -> None:
    async def work(work_item: Item, _ask: Ask) -> list[Statement]:
        return [statement(work_item.payload, i) for i in range(int(work_item.payload))]

    assert run(warehouse, [item("3"), item("0"), item("2")], work) == Counts(3, 3, 0, 0, 5)
    rows = warehouse.rows(Statement, f"FROM current_{STAGE}")
    assert [row.statement_id for row in rows] == ["t30", "t31", "t32", "t20", "t21"]
    assert Ledger(warehouse, STAGE, "r").pending([item("0")]) == []


def test_a_drop_is_kept_with_its_reason_its_detail_and_its_raw_text(warehouse: Warehouse) -> None:
    async def work(work_item: Item, ask: Ask) -> list[Statement]:
        if work_item.payload == "b":
            raise Dropped("off_format", "It said neither.", "raw \0 “answer”")
        return await one_row(work_item, ask)

    assert run(warehouse, [item("a"), item("b", document="a.md")], work) == Counts(2, 1, 0, 1, 1)
    assert drops(warehouse) == [("b", "off_format", "It said neither.", "raw \0 “answer”", False, "a.md")]


def test_a_permanent_drop_is_not_tried_again_and_is_still_counted(warehouse: Warehouse) -> None:
    async def work(_item: Item, _ask: Ask) -> list[Statement]:
        raise Dropped("off_format", "No.")

    run(warehouse, [item("a")], work)
    assert Ledger(warehouse, STAGE, "r").pending([item("a")]) == []
    assert run(warehouse, [item("a")]) == Counts(1, 0, 0, 1, 0)


@pytest.mark.parametrize("reason", ["timeout", "connection"])
def test_a_transient_drop_is_tried_again_and_gone_when_that_succeeds(
    warehouse: Warehouse, reason: str
) -> None:
    def failing(items: Iterable[Item], _work: OutcomeWork[str]) -> Iterator[tuple[Item, Outcome]]:
        for work_item in items:
            yield work_item, CallFailed(reason, "Not now.", "raw")

    assert run(warehouse, [item("a")], run=failing) == Counts(1, 0, 0, 1, 0)
    assert run(warehouse, [item("a")], run=failing) == Counts(1, 0, 0, 1, 0)
    assert len(drops(warehouse)) == 1
    assert run(warehouse, [item("a")]) == Counts(1, 1, 0, 0, 1)
    assert drops(warehouse) == []
    assert warehouse.scalar("SELECT count(*) FROM drops") == 0


def test_a_drop_of_an_item_that_is_gone_is_no_current_drop(warehouse: Warehouse) -> None:
    async def work(_item: Item, _ask: Ask) -> list[Statement]:
        raise Dropped("off_format", "No.")

    run(warehouse, [item("a")], work)
    assert run(warehouse, [item("b")]) == Counts(1, 1, 0, 0, 1)
    assert drops(warehouse) == []


def test_what_was_finished_before_an_exception_is_stored_and_not_done_again(warehouse: Warehouse) -> None:
    def stopping(items: Iterable[Item], work: OutcomeWork[str]) -> Iterator[tuple[Item, Outcome]]:
        for position, work_item in enumerate(items):
            if position == 2:
                raise EndpointError("The endpoint is gone.")
            yield next(serially([work_item], work))

    items = [item(name) for name in "abcd"]
    with pytest.raises(EndpointError):
        run(warehouse, items, run=stopping)
    assert [work.item_id for work in Ledger(warehouse, STAGE, "r").pending(items)] == ["c", "d"]
    assert run(warehouse, items) == Counts(4, 2, 2, 0, 4)


def test_an_interrupted_run_leaves_the_current_rows_as_they_were(warehouse: Warehouse) -> None:
    run(warehouse, [item("a")])

    async def work(work_item: Item, ask: Ask) -> list[Statement]:
        if work_item.payload == "c":
            raise KeyboardInterrupt
        return await one_row(work_item, ask)

    with pytest.raises(KeyboardInterrupt):
        run(warehouse, [item("b"), item("c")], work)
    assert current(warehouse) == ["a"]


def test_calls_under_way_are_stopped_when_storing_fails(warehouse: Warehouse) -> None:
    stopped = []

    def endless(items: Iterable[Item], work: OutcomeWork[str]) -> Iterator[tuple[Item, Outcome]]:
        try:
            for work_item in items:
                yield next(serially([work_item], work))
        finally:
            stopped.append(True)

    def progress(_n: int) -> None:
        raise KeyboardInterrupt

    ledger = Ledger(warehouse, STAGE, "run", progress)
    items = [item("a"), item("b")]
    with pytest.raises(KeyboardInterrupt) as caught:
        ledger.execute(items, items, one_row, endless)
    assert stopped == [True]
    assert caught.value.__traceback__ is not None
    assert [work.item_id for work in Ledger(warehouse, STAGE, "r").pending(items)] == ["b"]


def test_rows_and_their_done_mark_are_written_together_or_not_at_all(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = kg_assets.stage.ledger.insert_rows

    def failing(connection: Any, table: str, rows: Sequence[Any], extra: Any = None) -> None:
        if table == "done":
            raise MemoryError("simulated between the rows and their mark")
        written(connection, table, rows, extra)

    monkeypatch.setattr(kg_assets.stage.ledger, "insert_rows", failing)
    with pytest.raises(MemoryError):
        run(warehouse, [item("a")])
    monkeypatch.undo()
    assert warehouse.scalar(f"SELECT count(*) FROM {STAGE}") == 0
    assert run(warehouse, [item("a")]) == Counts(1, 1, 0, 0, 1)
    assert current(warehouse) == ["a"]


def test_results_are_stored_while_the_work_goes_on(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kg_assets.stage.ledger, "FLUSH_ROWS_UNPAID", 2)
    stored = []

    async def work(work_item: Item, ask: Ask) -> list[Statement]:
        stored.append(warehouse.scalar("SELECT count(*) FROM done"))
        return await one_row(work_item, ask)

    run(warehouse, [item(name) for name in "abcde"], work)
    assert stored == [0, 0, 2, 2, 4]


def test_two_runs_at_once_on_one_corpus_store_a_row_once(warehouse: Warehouse) -> None:
    mine, yours = Ledger(warehouse, STAGE, "mine"), Ledger(warehouse, STAGE, "yours")
    items = [item("a"), item("b")]
    pending = mine.pending(items), yours.pending(items)
    yours.execute(items, pending[1], one_row)
    assert mine.execute(items, pending[0], one_row).rows_out == 2
    assert current(warehouse) == ["a", "b"]


def test_a_failure_here_does_not_hide_what_another_run_finished(warehouse: Warehouse) -> None:
    mine, yours = Ledger(warehouse, STAGE, "mine"), Ledger(warehouse, STAGE, "yours")
    pending = mine.pending([item("a")])
    yours.execute([item("a")], yours.pending([item("a")]), one_row)

    async def failing(work_item: Item, _ask: Ask) -> list[Statement]:
        raise Dropped("timeout", "Not now.")

    assert mine.execute([item("a")], pending, failing) == Counts(1, 0, 1, 0, 1)
    assert drops(warehouse) == []


def test_every_failure_of_the_surroundings_is_transient() -> None:
    reasons = {"timeout", "server_error", "connection", "rate_limited", "bad_vectors", "no_reader"}
    assert reasons == TRANSIENT_REASONS


def test_an_item_without_a_result_or_a_drop_is_a_bug_and_not_a_reused_row(warehouse: Warehouse) -> None:
    def forgetful(items: Iterable[Item], work: OutcomeWork[str]) -> Iterator[tuple[Item, Outcome]]:
        return serially(list(items)[1:], work)

    with pytest.raises(RuntimeError, match="neither a result nor a drop"):
        run(warehouse, [item("a"), item("b")], run=forgetful)


def test_stages_do_not_see_each_others_keys(warehouse: Warehouse) -> None:
    run(warehouse, [item("a", "k")])
    assert len(Ledger(warehouse, "claims", "r").pending([item("a", "k")])) == 1


def test_each_finished_item_is_reported_as_progress(warehouse: Warehouse) -> None:
    seen: list[int] = []
    ledger = Ledger(warehouse, STAGE, "run", seen.append)
    items = [item("a", "k"), item("b", "k"), item("c")]
    ledger.execute(items, ledger.pending(items), one_row)
    assert sum(seen) == 2


def test_a_stage_without_a_model_cannot_ask_one(warehouse: Warehouse) -> None:
    async def asking(_item: Item, ask: Ask) -> list[Statement]:
        await ask(ChatRequest((), 1))
        return []

    with pytest.raises(RuntimeError, match="without a model"):
        run(warehouse, [item("a")], asking)


def test_work_that_waits_needs_a_model(warehouse: Warehouse) -> None:
    async def waiting(_item: Item, _ask: Ask) -> list[Statement]:
        await asyncio.sleep(0)
        return []

    with pytest.raises(RuntimeError, match="waits for something"):
        run(warehouse, [item("a")], waiting)


def test_the_data_version_is_that_of_the_items_their_keys_and_their_order(warehouse: Warehouse) -> None:
    def version(*items: Item) -> str:
        ledger = Ledger(warehouse, STAGE, "run")
        ledger.execute(items, ledger.pending(items), one_row)
        return ledger.data_version

    versions = {
        version(item("a"), item("b")),
        version(item("b"), item("a")),
        version(item("a")),
        version(item("a", "other"), item("b")),
        version(),
    }
    assert len(versions - {""}) == 5
    assert version(item("a", document="x")) == version(item("a", document="y"))


def test_items_may_be_a_query_of_which_only_what_is_pending_is_loaded(warehouse: Warehouse) -> None:
    loaded: list[str] = []

    def load(ids: Sequence[str]) -> dict[str, str]:
        loaded.extend(ids)
        return {item_id: item_id for item_id in ids}

    def query(names: str) -> Query[str]:
        sql = (
            "SELECT i AS position, $names[i] AS item_id, 'key of ' || $names[i] AS key "
            "FROM range(length($names), 0, -1) r(i)"
        )
        return Query(sql, {"names": names}, load)

    def run_query(names: str) -> Counts:
        ledger = Ledger(warehouse, STAGE, "run")
        return ledger.execute(query(names), ledger.pending(query(names)), one_row)

    assert run_query("ab") == Counts(2, 2, 0, 0, 2)
    assert run_query("bcab") == Counts(4, 1, 3, 0, 4)
    assert loaded == ["a", "b", "c"]
    assert current(warehouse) == ["b", "c", "a", "b"]
    assert run(warehouse, [item("b")]) == Counts(1, 0, 1, 0, 1)


KEYS = st.sampled_from([f"k{i}" for i in range(6)])
FATES = st.fixed_dictionaries(
    {f"k{i}": st.sampled_from(["rows", "nothing", "off_format", "timeout"]) for i in range(6)}
)
RUNS = st.lists(st.tuples(st.lists(KEYS, max_size=8), FATES), min_size=1, max_size=3)


@settings(max_examples=8, deadline=None)
@given(runs=RUNS)
def test_rows_in_are_always_new_plus_reused_plus_dropped(
    make_warehouse: Callable[[Path], Warehouse], runs: list[tuple[list[str], dict[str, str]]]
) -> None:
    computed: Counter[str] = Counter()
    settled: dict[str, str] = {}

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        warehouse = make_warehouse(Path(folder))
        stack.enter_context(warehouse.connect())
        for number, (keys, fates) in enumerate(runs):

            async def work(work_item: Item, _ask: Ask, fates: dict[str, str] = fates) -> list[Statement]:
                computed[work_item.key] += 1
                fate = fates[work_item.key]
                if fate in ("off_format", "timeout"):
                    raise Dropped(fate, "No.")
                return [statement(work_item.key, i) for i in range(2 if fate == "rows" else 0)]

            items = [item(f"i{position}", key) for position, key in enumerate(keys)]
            before = dict(settled)
            for key in keys:
                if settled.get(key) in (None, "timeout"):
                    settled[key] = fates[key]
            counts = run(warehouse, items, work, run_id=f"run{number}")

            dropped = sum(settled[key] in ("off_format", "timeout") for key in keys)
            new = len(
                {
                    key
                    for key in keys
                    if before.get(key) in (None, "timeout") and settled[key] in ("rows", "nothing")
                }
            )
            assert counts.rows_in == len(keys) == counts.new + counts.reused + counts.dropped
            assert (counts.new, counts.dropped) == (new, dropped)
            assert (
                counts.rows_out == len(current(warehouse)) == 2 * sum(settled[key] == "rows" for key in keys)
            )
            assert len(drops(warehouse)) == dropped
        tries = {key: sum(key in keys for keys, _ in runs) for key in computed}
        assert all(n == 1 or n <= tries[key] for key, n in computed.items())
        finished = [key for key, fate in settled.items() if fate != "timeout"]
        assert Ledger(warehouse, STAGE, "r").pending([item("x", key) for key in finished]) == []


def test_a_part_that_is_dropped_leaves_the_rest_of_its_row(warehouse: Warehouse) -> None:
    async def work(todo: Item, _ask: Ask) -> list[Statement | DroppedPart]:
        return [statement("a"), DroppedPart("odd", "It is odd.", "raw"), statement("a", 1)]

    items = [item("a", document="a.md"), item("b", "key of a", "b.md")]
    assert run(warehouse, items, work) == Counts(2, 1, 1, 0, 4)
    assert current(warehouse) == ["a"] * 4
    parts = [
        ("a", "odd", "It is odd.", "raw", False, "a.md"),
        ("b", "odd", "It is odd.", "raw", False, "b.md"),
    ]
    assert drops(warehouse) == parts
    assert run(warehouse, items, work) == Counts(2, 0, 2, 0, 4)
    assert drops(warehouse) == parts
    run(warehouse, items[1:])
    assert drops(warehouse) == parts[1:], "a part of a row that is gone is no drop of now"


def test_parts_alone_make_a_row_that_is_done(warehouse: Warehouse) -> None:
    async def work(_item: Item, _ask: Ask) -> list[DroppedPart]:
        return [DroppedPart("odd", "It is odd.")]

    assert run(warehouse, [item("a")], work) == Counts(1, 1, 0, 0, 0)
    assert Ledger(warehouse, STAGE, "again").pending([item("a")]) == []
