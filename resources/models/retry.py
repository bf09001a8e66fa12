"""When a failed request is made again, after how long, and when the whole endpoint is given up.

Pure decisions over counts and times; nothing here sleeps or sends.
"""

import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from resources.models.refusals import Failure, Kind

# What says nothing about the request but that nobody is there to take it.
OUTAGE: frozenset[Kind] = frozenset({"unreachable", "dropped", "unavailable"})

# A time-out has already waited long, and an answer that is of no use twice is so for a reason.
_FEWER_RETRIES: dict[Kind, int] = {"timeout": 2, "empty": 2, "bad_vectors": 2}


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """All times in seconds.

    Attributes:
        start_s, cap_s: first and longest back-off.
        scale: multiplies our own back-off and `never_reached_s`, not what an endpoint asks for; tests make it
            small.
        gone_after_s: an endpoint that only broke or refused connections for so long is given up,
        never_reached_s: or for so long, if it refused them all and never answered. An endpoint that is just
            starting answers 503 and is waited for.
        least_failures: no endpoint is given up after fewer failures.
        failed_requests: so many requests given up in a row, without one success, are no accident.
        longest_wait_s: a longer Retry-After is not waited for.
    """

    start_s: float = 0.5
    cap_s: float = 60.0
    scale: float = 1.0
    gone_after_s: float = 45.0
    never_reached_s: float = 5.0
    least_failures: int = 5
    failed_requests: int = 20
    longest_wait_s: float = 900.0

    def backoff_s(self, failures: int) -> float:
        """Exponential, between half and all of `start_s * 2^(failures - 1)`, so that requests spread out."""
        longest = min(self.cap_s, self.start_s * 2.0 ** min(failures - 1, 30))
        return self.scale * longest * random.uniform(0.5, 1.0)

    def retries(self, kind: Kind, max_retries: int) -> int:
        """How often a failure of this kind is tried again."""
        if kind == "busy":
            # Being told to wait is no failure; a shared endpoint can say so many times.
            return 2 * max_retries
        return min(max_retries, _FEWER_RETRIES.get(kind, max_retries))


class Health:
    """Whether anybody is still there: shared by all calls to one endpoint."""

    def __init__(self, policy: RetryPolicy, clock: Callable[[], float] = time.monotonic) -> None:
        self._policy = policy
        self._clock = clock
        self._never_reached = True
        self._outage_since: float | None = None
        self._outages = 0
        self._given_up = 0
        self.successes = 0
        self.latest_success_began = -math.inf

    def answered(self) -> None:
        """It said something, if only to refuse."""
        self._never_reached = False
        self._outage_since = None
        self._outages = 0

    def now(self) -> float:
        """Seconds on the clock of this object."""
        return self._clock()

    def succeeded(self, began: float) -> None:
        """It gave a usable response to a request that was sent at `began` (of `now`)."""
        self.answered()
        self.latest_success_began = max(self.latest_success_began, began)
        self.successes += 1
        self._given_up = 0

    def failed_to_answer(self, kind: Kind) -> bool:
        """Counts one failure of the OUTAGE kinds; True when the endpoint is gone for good."""
        now = self._clock()
        if self._outage_since is None:
            self._outage_since = now
        self._outages += 1
        self._never_reached = self._never_reached and kind == "unreachable"
        patience_s = self._policy.gone_after_s
        if self._never_reached:
            patience_s = min(patience_s, self._policy.never_reached_s * self._policy.scale)
        return self._outages >= self._policy.least_failures and now - self._outage_since >= patience_s

    def gave_up(self) -> bool:
        """Counts one request given up after all retries; True when that is all that happens."""
        self._given_up += 1
        return self._given_up >= self._policy.failed_requests


@dataclass(slots=True)
class Tries:
    """The failures of one request so far."""

    policy: RetryPolicy
    health: Health
    max_retries: int
    _failures: Counter[Kind] = field(default_factory=Counter)
    _failed_first: float | None = None

    def next_wait_s(self, failure: Failure) -> float | None:
        """Seconds until the next try, or None if there is none for this request."""
        if self._failed_first is None:
            self._failed_first = self.health.now()
        self._failures[failure.kind] += 1
        exhausted = self._failures[failure.kind] > self.policy.retries(failure.kind, self.max_retries)
        if failure.kind in OUTAGE:
            # While no request works that was sent later either, it is the endpoint that fails, and not this
            # request: it waits until the endpoint is back or given up, and is not lost.
            others_work = self.health.latest_success_began > self._failed_first
            if exhausted and others_work:
                return None
            longest = self.policy.scale * self.policy.gone_after_s / 8
            backoff = min(self.policy.backoff_s(self._failures[failure.kind]), longest)
        elif exhausted:
            return None
        else:
            backoff = self.policy.backoff_s(sum(self._failures.values()))
        # An endpoint that asks for 0 seconds would be asked again without end.
        return failure.retry_after_s or backoff
