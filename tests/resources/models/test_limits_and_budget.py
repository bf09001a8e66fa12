"""Requests and tokens per sliding minute, with a clock of our own; and the budget."""

import asyncio
from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.errors import BudgetExceeded, CallFailed, SettingsError
from resources.models.limits import Budget, Grant, Price, RateLimiter, Slots, delay_s
from resources.models.response_store import ResponseStore
from resources.models.stopping import Stopped, StopScope
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import MakeGateway, chat, collect


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_request_waits_until_the_oldest_leaves_the_window() -> None:
    granted = deque([Grant(0.0, 5), Grant(10.0, 5)])
    assert delay_s(granted, 30.0, 5, rpm=3, tpm=None) == 0
    assert delay_s(granted, 30.0, 5, rpm=2, tpm=None) == 30.0
    assert delay_s(granted, 30.0, 5, rpm=1, tpm=None) == 40.0
    assert delay_s(granted, 30.0, 5, rpm=None, tpm=15) == 0
    assert delay_s(granted, 30.0, 6, rpm=None, tpm=15) == 30.0
    assert delay_s(granted, 30.0, 99, rpm=None, tpm=15) == 40.0


def test_a_request_larger_than_the_limit_goes_alone() -> None:
    assert delay_s(deque(), 0.0, 99, rpm=None, tpm=15) == 0


@given(
    st.lists(st.tuples(st.floats(0, 20), st.integers(0, 50)), max_size=60),
    st.integers(1, 10),
    st.integers(50, 100),
)
def test_no_minute_ever_holds_more_than_the_limits(asks: list[tuple[float, int]], rpm: int, tpm: int) -> None:
    clock = Clock()
    limiter = RateLimiter(rpm, tpm, clock)
    granted: list[Grant] = []
    for pause_s, tokens in asks:
        clock.now += pause_s
        while not isinstance(grant := limiter.try_acquire(tokens), Grant):
            clock.now += grant
        granted.append(grant)
    for first in granted:
        window = [g for g in granted if first.at <= g.at < first.at + 60 - 1e-6]
        assert len(window) <= rpm
        assert sum(g.tokens for g in window) <= tpm


def test_tokens_that_were_not_used_are_free_again() -> None:
    limiter = RateLimiter(None, 100, Clock())
    grant = limiter.try_acquire(90)
    assert isinstance(grant, Grant)
    assert not isinstance(limiter.try_acquire(50), Grant)
    limiter.settle(grant, 10)
    assert isinstance(limiter.try_acquire(50), Grant)


def test_a_pause_holds_everybody_back() -> None:
    clock = Clock()
    limiter = RateLimiter(clock=clock)
    limiter.pause(5)
    limiter.pause(2)
    assert limiter.try_acquire(1) == 5
    clock.now += 5
    assert isinstance(limiter.try_acquire(1), Grant)


def test_a_stopped_batch_does_not_wait_for_the_limiter() -> None:
    async def stop_while_it_waits() -> None:
        limiter = RateLimiter(rpm=1)
        scope = StopScope()
        await limiter.acquire(1, scope)
        waiting = asyncio.create_task(limiter.acquire(1, scope))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        scope.stop()
        with pytest.raises(Stopped):
            await waiting
        with pytest.raises(Stopped):
            await limiter.acquire(1, scope)

    asyncio.run(stop_while_it_waits())


def test_a_price_is_per_million_tokens() -> None:
    assert Price(2.0, 8.0).cost_usd(500_000, 250_000) == pytest.approx(3.0)


def test_a_reservation_that_alone_exceeds_the_budget_is_refused() -> None:
    budget = Budget(usd=1.0, spent_usd=0.9)
    with pytest.raises(BudgetExceeded, match="raise budget_usd"):
        asyncio.run(budget.reserve(0.2, 10, StopScope()))
    budget.settle(asyncio.run(budget.reserve(0.1, 10, StopScope())), 0.05, 10)
    assert budget.spent_usd == pytest.approx(0.95)
    with pytest.raises(BudgetExceeded, match="raise budget_tokens"):
        asyncio.run(Budget(tokens=10, spent_tokens=8).reserve(0.0, 3, StopScope()))


def test_a_reservation_waits_for_others_that_may_turn_out_cheaper() -> None:
    async def reserve_twice() -> None:
        budget = Budget(tokens=100)
        first = await budget.reserve(0.0, 80, StopScope())
        second = asyncio.create_task(budget.reserve(0.0, 80, StopScope()))
        await asyncio.sleep(0.05)
        assert not second.done()
        budget.settle(first, 0.0, 10)
        await asyncio.wait_for(second, 10)

    asyncio.run(reserve_twice())


def test_a_slot_is_passed_on_by_who_is_stopped_or_cancelled() -> None:
    async def take_in_turn() -> None:
        slots, scope = Slots(1), StopScope()
        await slots.take(scope)
        stopped_scope = StopScope()
        stopped = asyncio.create_task(slots.take(stopped_scope))
        cancelled = asyncio.create_task(slots.take(scope))
        last = asyncio.create_task(slots.take(scope))
        await asyncio.sleep(0)
        stopped_scope.stop()
        slots.give_back()
        cancelled.cancel()  # in the very moment in which it is given the slot
        await asyncio.wait_for(last, 10)
        assert isinstance(stopped.exception(), Stopped)
        assert cancelled.cancelled()

    asyncio.run(take_in_turn())


def test_a_run_stops_before_the_request_that_may_exceed_the_budget(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    budget = Budget(tokens=450)
    gateway = make_gateway({"concurrency": 1}, budget=budget)
    finished, error = collect(gateway.map(range(100), lambda i, ask: ask(chat(f"Say {i}"))))
    assert isinstance(error, BudgetExceeded)
    assert 0 < len(finished) == server.count() < 100
    usage = gateway.usage["claims"]
    assert budget.spent_tokens == usage.prompt_tokens + usage.completion_tokens <= 450


def test_what_comes_from_the_store_costs_nothing(make_gateway: MakeGateway) -> None:
    make_gateway().ask_and_wait(chat())
    assert make_gateway(budget=Budget(tokens=1)).ask_and_wait(chat()).from_store


def test_two_gateways_share_a_budget(make_gateway: MakeGateway) -> None:
    budget = Budget(tokens=130)
    make_gateway(budget=budget).ask_and_wait(chat("one"))
    trainee = make_gateway(budget=budget, role="trainee", model="other")
    _, error = collect(trainee.map(range(9), lambda i, ask: ask(chat(f"two {i}"))))
    assert isinstance(error, BudgetExceeded)


def test_a_budget_in_usd_needs_prices(make_gateway: MakeGateway) -> None:
    with pytest.raises(SettingsError, match="prompt_usd_per_million"):
        make_gateway(budget=Budget(usd=1.0))
    make_gateway(budget=Budget(usd=1.0), embedded=True)


def test_cost_is_measured_where_prices_are_known(make_gateway: MakeGateway, store: ResponseStore) -> None:
    prices = {"prompt_usd_per_million": 1e6, "completion_usd_per_million": 2e6}
    budget = Budget(usd=1e6)
    gateway = make_gateway(prices, budget=budget)
    response = gateway.ask_and_wait(chat())
    expected = response.prompt_tokens + 2 * response.completion_tokens
    assert response.cost_usd == pytest.approx(expected)
    assert gateway.usage["claims"].cost_usd == pytest.approx(expected)
    assert store.totals(corpus="default").cost_usd == pytest.approx(expected)
    assert budget.spent_usd == pytest.approx(expected)
    again = make_gateway(prices)
    assert again.ask_and_wait(chat()).cost_usd == pytest.approx(expected)
    assert again.usage["claims"].cost_usd == 0


def test_an_answer_of_no_use_is_paid_for_too(
    make_gateway: MakeGateway, server: FakeModelServer, store: ResponseStore
) -> None:
    server.configure(script=["empty"] * 3)
    budget = Budget(tokens=10_000)
    gateway = make_gateway(budget=budget)
    with pytest.raises(CallFailed):
        gateway.ask_and_wait(chat())
    assert budget.spent_tokens == store.totals().tokens > 0
    assert gateway.usage["claims"].failed_attempts == 3
