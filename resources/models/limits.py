"""How many requests may be under way, how fast they may go (rpm, tpm, pauses the endpoint asks for) and what
a run may spend.

Nothing here knows HTTP. All of it lives in the event loop of the calls; waits go through a stop scope, so
that a stopped batch does not sit them out.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from resources.errors import BudgetExceeded, SettingsError
from resources.models.settings import ModelSettings
from resources.models.stopping import StopScope
from resources.models.types import Role

_WINDOW_S = 60.0


class Slots:
    """So many requests at a time; who waits gets a slot in the order of asking."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self, scope: StopScope) -> None:
        """Waits until there is a free slot. Raises Stopped."""
        if self._free:
            self._free -= 1
            return
        given: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(given)
        try:
            await scope.wait(given)
        except BaseException:
            if not given.done():
                self._waiting.remove(given)
            elif not given.cancelled() and given.exception() is None:
                self.give_back()  # it was given a slot in the moment in which it was cancelled
            raise

    def give_back(self) -> None:
        """Passes a slot on to who has waited longest."""
        while self._waiting:
            given = self._waiting.popleft()
            if not given.done():
                given.set_result(None)
                return
        self._free += 1


@dataclass(slots=True)
class Grant:
    """One admitted request: when, and for how many tokens."""

    at: float
    tokens: int


def delay_s(granted: deque[Grant], now: float, tokens: int, rpm: int | None, tpm: int | None) -> float:
    """Seconds until one more request of `tokens` fits into a sliding minute; 0 if it does now.

    `granted` is in order of time and holds the last minute only. A request larger than `tpm` goes alone.
    """
    requests = len(granted)
    used = sum(grant.tokens for grant in granted)
    wait = 0.0
    for grant in granted:
        fits = (rpm is None or requests < rpm) and (tpm is None or used + tokens <= tpm or requests == 0)
        if fits:
            break
        wait = grant.at + _WINDOW_S - now
        requests -= 1
        used -= grant.tokens
    return max(wait, 0.0)


class RateLimiter:
    """Requests and tokens per sliding minute, of all calls together; None means unlimited.

    `clock` gives seconds and never goes back.
    """

    def __init__(
        self, rpm: int | None = None, tpm: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rpm = rpm
        self._tpm = tpm
        self._clock = clock
        self._granted: deque[Grant] = deque()
        self._paused_until = 0.0

    def try_acquire(self, tokens: int) -> Grant | float:
        """A grant, or the seconds after which to try again."""
        now = self._clock()
        while self._granted and self._granted[0].at <= now - _WINDOW_S:
            self._granted.popleft()
        delay = max(self._paused_until - now, delay_s(self._granted, now, tokens, self._rpm, self._tpm))
        if delay > 0:
            return delay
        grant = Grant(now, tokens)
        if self._rpm is not None or self._tpm is not None:
            self._granted.append(grant)
        return grant

    async def acquire(self, tokens: int, scope: StopScope) -> Grant:
        """Waits until a request of `tokens` may go. Raises Stopped."""
        while not isinstance(grant := self.try_acquire(tokens), Grant):
            await scope.sleep(grant)
        return grant

    def settle(self, grant: Grant, tokens: int) -> None:
        """Replaces the estimate by the tokens that the request really took."""
        grant.tokens = tokens

    def pause(self, seconds: float) -> None:
        """Holds all requests back: the endpoint has asked for it."""
        self._paused_until = max(self._paused_until, self._clock() + seconds)


@dataclass(frozen=True, slots=True)
class Price:
    """USD per million tokens of prompt and of completion."""

    prompt_usd_per_million: float
    completion_usd_per_million: float

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        prompt = prompt_tokens * self.prompt_usd_per_million
        return (prompt + completion_tokens * self.completion_usd_per_million) / 1e6


def price_of(settings: ModelSettings, role: Role, *, needed: bool) -> Price | None:
    """The configured price of a model; None where there is none.

    Raises:
        SettingsError: there is none and it is `needed`, for a budget in USD.
    """
    prompt, completion = settings.prompt_usd_per_million, settings.completion_usd_per_million
    if prompt is not None and completion is not None:
        return Price(prompt, completion)
    if needed:
        raise SettingsError(
            f"budget_usd needs to know what the {role} costs: set models.{role}.prompt_usd_per_million and "
            "completion_usd_per_million, or use budget_tokens."
        )
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Reservation:
    """What one request may cost at most while it is under way; two equal ones are two."""

    usd: float
    tokens: int


class Budget:
    """What the calls of a corpus may cost over all its runs; one object for both gateways of a run.

    Args:
        usd, tokens: the limits; None for no limit.
        spent_usd, spent_tokens: what earlier runs have spent.
    """

    def __init__(
        self,
        usd: float | None = None,
        tokens: int | None = None,
        spent_usd: float = 0.0,
        spent_tokens: int = 0,
    ) -> None:
        self.usd = usd
        self.tokens = tokens
        self._spent = Reservation(spent_usd, spent_tokens)
        self._reserved: set[Reservation] = set()
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def spent_usd(self) -> float:
        return self._spent.usd

    @property
    def spent_tokens(self) -> int:
        return self._spent.tokens

    @property
    def limited(self) -> bool:
        """Whether there is anything to keep to."""
        return self.usd is not None or self.tokens is not None

    async def reserve(self, usd: float, tokens: int, scope: StopScope) -> Reservation:
        """Sets an upper bound aside for one request.

        Waits while only the reservations of requests under way stand against it: they usually cost less than
        they reserve, and stopping for them would leave money unspent. Raises BudgetExceeded if what is spent
        and this request alone exceed a limit, Stopped if the batch stops.
        """
        wanted = Reservation(usd, tokens)
        while True:
            scope.check()
            self._refuse(wanted)
            if self._fits(wanted):
                self._reserved.add(wanted)
                return wanted
            settled: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(settled)
            await scope.wait(settled)

    def settle(self, reservation: Reservation, usd: float, tokens: int) -> None:
        """Ends a reservation; `usd` and `tokens` were really spent, 0 where the request failed."""
        self._reserved.remove(reservation)
        self._spent = Reservation(self._spent.usd + usd, self._spent.tokens + tokens)
        waiting, self._waiting = self._waiting, []
        for settled in waiting:
            if not settled.done():
                settled.set_result(None)

    def _fits(self, wanted: Reservation) -> bool:
        if not self.limited:
            return True
        usd = self._spent.usd + wanted.usd + sum(r.usd for r in self._reserved)
        tokens = self._spent.tokens + wanted.tokens + sum(r.tokens for r in self._reserved)
        return (self.usd is None or usd <= self.usd) and (self.tokens is None or tokens <= self.tokens)

    def _refuse(self, wanted: Reservation) -> None:
        if self.usd is not None and self._spent.usd + wanted.usd > self.usd:
            raise BudgetExceeded(
                f"{self._spent.usd:.6g} of {self.usd:g} USD are spent and the next request may cost "
                f"{wanted.usd:.6g}: raise budget_usd and run again, nothing that was paid for is lost."
            )
        if self.tokens is not None and self._spent.tokens + wanted.tokens > self.tokens:
            raise BudgetExceeded(
                f"{self._spent.tokens} of {self.tokens} tokens are spent and the next request may take "
                f"{wanted.tokens}: raise budget_tokens and run again, nothing that was paid for is lost."
            )
