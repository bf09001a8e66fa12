"""Many items at once: completion order, bounded look-ahead, and a clean stop."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from resources.errors import CallFailed
from resources.models.gateway import Gateway
from resources.models.loop import MODEL_CALLS
from resources.models.types import Ask, ChatResponse
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import MakeGateway, chat, collect


async def say(item: int, ask: Ask) -> ChatResponse:
    return await ask(chat(f"Say {item}"))


async def text_of(item: int, ask: Ask) -> str:
    return (await say(item, ask)).text


async def itself(item: int, _: Ask) -> int:
    return item


def test_every_item_comes_back_with_its_result(gateway: Gateway) -> None:
    results = dict(gateway.map(range(50), text_of))
    assert sorted(results) == list(range(50))
    assert all(str(results[item]).endswith(f"Say {item}") for item in results)


def test_no_items_are_no_results(gateway: Gateway) -> None:
    assert list(gateway.map([], say)) == []


def test_results_come_in_the_order_of_completion(make_gateway: MakeGateway) -> None:
    second_is_done = asyncio.Event()

    async def work(item: str, _: Ask) -> str:
        if item == "first":
            await asyncio.wait_for(second_is_done.wait(), 30)
        return item

    results = make_gateway({"concurrency": 2}).map(["first", "second"], work)
    assert next(results) == ("second", "second")
    MODEL_CALLS.loop.call_soon_threadsafe(second_is_done.set)
    assert next(results) == ("first", "first")


def test_a_failed_call_is_a_result_like_others(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(script=["bad_request"])
    results = list(gateway.map(range(10), say))
    failed = [result for _, result in results if isinstance(result, CallFailed)]
    assert (len(results), len(failed)) == (10, 1)


def test_items_are_taken_only_as_they_are_needed(make_gateway: MakeGateway) -> None:
    taken = []

    def items() -> Iterator[int]:
        for item in range(100_000):
            taken.append(item)
            yield item

    results = make_gateway({"concurrency": 4}).map(items(), itself)
    for _ in range(10):
        next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(taken) <= 10 + 2 * 4


def test_closing_early_cancels_what_has_not_begun(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    server.configure(latency_s=0.05)
    results = make_gateway({"concurrency": 2}).map(range(1000), say)
    next(results)
    results.close()  # type: ignore[attr-defined]
    seen = server.count()
    assert seen <= 8
    time.sleep(0.3)
    assert server.count() == seen


def test_another_exception_comes_after_the_results_under_way(make_gateway: MakeGateway) -> None:
    slow_has_begun, bug = asyncio.Event(), asyncio.Event()

    async def work(item: str, ask: Ask) -> str:
        if item == "bug":
            await asyncio.wait_for(slow_has_begun.wait(), 30)
            bug.set()
            raise ZeroDivisionError("a bug")
        if item == "slow":
            slow_has_begun.set()
            await asyncio.wait_for(bug.wait(), 30)
            await asyncio.sleep(0.2)
        return item

    items = ["bug", "slow", *map(str, range(100))]
    finished, error = collect(make_gateway({"concurrency": 2}).map(items, work))
    assert ("slow", "slow") in finished
    assert len(finished) < 100
    assert isinstance(error, ZeroDivisionError)


def test_a_stopped_batch_begins_no_further_request(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    first_asked = asyncio.Event()

    async def work(item: str, ask: Ask) -> str:
        if item == "bug":
            await asyncio.wait_for(first_asked.wait(), 30)
            raise ZeroDivisionError
        await ask(chat("first"))
        first_asked.set()
        await asyncio.sleep(0.3)
        await ask(chat("second"))
        return item

    with pytest.raises(ZeroDivisionError):
        list(make_gateway({"concurrency": 2}).map(["bug", "two requests"], work))
    assert [body["messages"][0]["content"] for body in server.bodies()] == ["first"]


def test_a_second_bug_is_not_hidden_by_the_first(make_gateway: MakeGateway) -> None:
    begun: list[int] = []

    async def work(item: int, ask: Ask) -> None:
        begun.append(item)
        while len(begun) < 2:
            await asyncio.sleep(0.01)
        raise ZeroDivisionError(f"bug {item}")

    with pytest.raises(ZeroDivisionError) as failure:
        list(make_gateway({"concurrency": 2}).map(range(2), work))
    assert "bug" in failure.value.__notes__[0]


def test_an_error_of_the_source_stops_the_batch(gateway: Gateway) -> None:
    def items() -> Iterator[int]:
        yield 1
        raise LookupError("the source is broken")

    with pytest.raises(LookupError, match="the source is broken"):
        list(gateway.map(items(), say))


def test_a_hanging_request_does_not_outlive_an_iterator_that_is_closed(
    make_gateway: MakeGateway, server: FakeModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resources.models.batch.DRAIN_S", 0.2)
    server.configure(script=["ok", "hang", "hang"], hang_s=30)
    results = make_gateway({"concurrency": 2, "timeout_s": 60}).map(range(1000), say)
    next(results)
    started = time.monotonic()
    results.close()  # type: ignore[attr-defined]
    assert time.monotonic() - started < 20


def test_after_a_stop_the_next_batch_runs(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    gateway = make_gateway({"concurrency": 2})
    results = gateway.map(range(100), say)
    next(results)
    results.close()  # type: ignore[attr-defined]
    assert len(list(gateway.map(range(5), say))) == 5
