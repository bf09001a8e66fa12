"""How fast requests may go (rpm, tpm, pauses the endpoint asks for) and what a run may spend.

Nothing here knows HTTP; waits go through a stop scope, so that a stopped batch does not sit them out.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from resources.errors import BudgetExceeded, SettingsError
from resources.models.settings import ModelSettings
from resources.models.stopping import StopScope
from resources.models.types import Role

_WINDOW_S = 60.0
_POLL_S = 0.2


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
    """Requests and tokens per sliding minute, shared by all threads; None means unlimited.

    `clock` gives seconds and never goes back.
    """

    def __init__(
        self, rpm: int | None = None, tpm: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rpm = rpm
        self._tpm = tpm
        self._clock = clock
        self._lock = threading.Lock()
        self._granted: deque[Grant] = deque()
        self._paused_until = 0.0

    def try_acquire(self, tokens: int) -> Grant | float:
        """A grant, or the seconds after which to try again."""
        now = self._clock()
        with self._lock:
            while self._granted and self._granted[0].at <= now - _WINDOW_S:
                self._granted.popleft()
            delay = max(self._paused_until - now, delay_s(self._granted, now, tokens, self._rpm, self._tpm))
            if delay > 0:
                return delay
            grant = Grant(now, tokens)
            if self._rpm is not None or self._tpm is not None:
                self._granted.append(grant)
            return grant

    def acquire(self, tokens: int, scope: StopScope) -> Grant:
        """Waits until a request of `tokens` may go. Raises Stopped."""
        while not isinstance(grant := self.try_acquire(tokens), Grant):
            scope.wait(grant)
        return grant

    def settle(self, grant: Grant, tokens: int) -> None:
        """Replaces the estimate by the tokens that the request really took."""
        with self._lock:
            grant.tokens = tokens

    def pause(self, seconds: float) -> None:
        """Holds all requests back: the endpoint has asked for it."""
        with self._lock:
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


@dataclass(frozen=True, slots=True)
class Reservation:
    """What one request may cost at most while it is under way."""

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
        self._reserved: list[Reservation] = []
        self._settled = threading.Condition()

    @property
    def spent_usd(self) -> float:
        return self._spent.usd

    @property
    def spent_tokens(self) -> int:
        return self._spent.tokens

    def reserve(self, usd: float, tokens: int, scope: StopScope) -> Reservation:
        """Sets an upper bound aside for one request.

        Waits while only the reservations of requests under way stand against it: they usually cost less than
        they reserve, and stopping for them would leave money unspent. Raises BudgetExceeded if what is spent
        and this request alone exceed a limit, Stopped if the batch stops.
        """
        wanted = Reservation(usd, tokens)
        with self._settled:
            while True:
                scope.check()
                self._refuse(wanted)
                if self._fits(wanted):
                    self._reserved.append(wanted)
                    return wanted
                self._settled.wait(_POLL_S)

    def settle(self, reservation: Reservation, usd: float, tokens: int) -> None:
        """Ends a reservation; `usd` and `tokens` were really spent, 0 where the request failed."""
        with self._settled:
            # By identity: two equal reservations are two.
            index = next(i for i, held in enumerate(self._reserved) if held is reservation)
            del self._reserved[index]
            self._spent = Reservation(self._spent.usd + usd, self._spent.tokens + tokens)
            self._settled.notify_all()

    def _fits(self, wanted: Reservation) -> bool:
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
