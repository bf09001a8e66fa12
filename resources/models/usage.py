"""Counting what a gateway did, by stage. Sums over earlier runs come from the response store."""

import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StageUsage:
    """What the model calls of one stage came to.

    `calls` are real requests with a response, `calls_from_store` those answered without one. Tokens and cost
    are of real requests, failed ones included where the endpoint billed them; `cost_usd` is None without
    prices.
    """

    calls: int = 0
    calls_from_store: int = 0
    failed_attempts: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None

    def __add__(self, other: "StageUsage") -> "StageUsage":
        costs = [cost for cost in (self.cost_usd, other.cost_usd) if cost is not None]
        return StageUsage(
            calls=self.calls + other.calls,
            calls_from_store=self.calls_from_store + other.calls_from_store,
            failed_attempts=self.failed_attempts + other.failed_attempts,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=sum(costs) if costs else None,
        )


class Meter:
    """Adds up usage; safe for threads."""

    def __init__(self, *, priced: bool) -> None:
        self._zero = StageUsage(cost_usd=0.0 if priced else None)
        self._lock = threading.Lock()
        self._stages: dict[str, StageUsage] = {}

    def add(self, stage: str, usage: StageUsage) -> None:
        with self._lock:
            self._stages[stage] = self._stages.get(stage, self._zero) + usage

    def snapshot(self) -> dict[str, StageUsage]:
        with self._lock:
            return dict(self._stages)

    def take(self, stage: str) -> StageUsage:
        """The usage of `stage` since the last `take`; zeros if there was none."""
        with self._lock:
            return self._stages.pop(stage, self._zero)
