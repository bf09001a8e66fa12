"""How long the rest of a run takes: known work where a stage has begun, expected work for stages to come."""

from collections.abc import Sequence

from kg_assets.stage.stage import Stage
from resources.configuration.settings import Settings

UNITS_PER_CHUNK = 10.0
"""Entities and relations that a chunk of ordinary text yields, until the run has counted its own."""


EXPECTED_ROWS_COUNT_AS = 4.0
"""The first row of a stage waits for its prompt and comes before its neighbours do: the expectation counts as
much as so many measured rows."""
SECONDS_FOR_EACH_EFFORT = 1 / 14  # before anything was measured: the default model on two cores


class RunEstimate:
    """Follows a run stage by stage. Times are monotonic seconds, given by the caller.

    Args:
        stages: the stages that will run, in order.
        settings: on which it depends how much there is to do.
    """

    def __init__(self, stages: Sequence[Stage], settings: Settings) -> None:
        self._stages = {stage.name: stage for stage in stages}
        self._usual = {stage.name: stage.usual(settings) for stage in stages if stage.usual is not None}
        self._left = list(self._stages)
        self._total = len(stages)
        self._counts: dict[str, float] = {"chunks": 0.0, "units": 0.0, "corpus": 1.0}
        self._spent_effort = self._spent_seconds = 0.0
        self._stage = ""
        self._pending = self._done = 0
        self._began: float | None = None
        self._stage_began = 0.0

    def started(self, stage: str, pending: int, rows_in: int, now_s: float) -> None:
        """A stage begins with `pending` of its `rows_in` rows to be worked on."""
        self._began = now_s if self._began is None else self._began
        self._stage, self._pending, self._done, self._stage_began = stage, pending, 0, now_s
        if stage in self._left:
            self._left.remove(stage)
        counted = self._stages[stage].rows_in_are if stage in self._stages else None
        if counted == "chunks":
            self._counts |= {"chunks": float(pending), "units": pending * UNITS_PER_CHUNK}
        elif counted is not None:
            self._counts[counted] = float(pending)

    def advanced(self, done: int) -> None:
        """`done` more rows of the stage are finished."""
        self._done += done

    def finished(self, now_s: float) -> str:
        """Ends the stage; says what it did, or nothing where there was nothing to do."""
        seconds = now_s - self._stage_began
        if self._effort and self._done:
            self._spent_effort += self._done * self._effort
            self._spent_seconds += seconds
        return f"{self._done} rows in {clock(seconds)}" if self._done else ""

    def rest_s(self, now_s: float) -> float:
        """Expected seconds until the end of the run."""
        before = SECONDS_FOR_EACH_EFFORT
        if self._spent_effort:
            before = self._spent_seconds / self._spent_effort
        to_come = sum(self._expected_effort(stage) for stage in self._left)
        return self._rest_of_stage_s(now_s, before) + to_come * self._speed(now_s, before)

    def line(self, now_s: float) -> str:
        """Where the run is, in one line."""
        number = self._total - len(self._left)
        elapsed = now_s - (self._began if self._began is not None else now_s)
        rows = f" {self._done} of {self._pending}" if self._pending else ""
        left = clock(self.rest_s(now_s))
        done = f"[{number}/{self._total}] {self._stage}{rows}"
        return f"{done} · {clock(elapsed)} so far · about {left} left"

    def _speed(self, now_s: float, before: float) -> float:
        """Seconds for each effort in stages to come: what it was `before` this stage or, in the first that
        asks a model, what it has been in it."""
        if self._spent_effort or not self._effort or not self._done:
            return before
        effort, measured_s = self._effort, now_s - self._stage_began
        # An endpoint may be a thousand times as fast as what was assumed, which then must not count for more.
        assumed_s = min(EXPECTED_ROWS_COUNT_AS * effort * before, measured_s)
        return (measured_s + assumed_s) / ((self._done + EXPECTED_ROWS_COUNT_AS) * effort)

    def _rest_of_stage_s(self, now_s: float, speed: float) -> float:
        rows, measured_s = self._pending - self._done, now_s - self._stage_began
        if not self._effort:
            return measured_s / self._done * rows if self._done else 0.0
        if not self._done:
            return rows * self._effort * speed
        expected_s = EXPECTED_ROWS_COUNT_AS * self._effort * speed
        return (measured_s + expected_s) / (self._done + EXPECTED_ROWS_COUNT_AS) * rows

    def _expected_effort(self, stage: str) -> float:
        usual = self._usual.get(stage)
        return self._counts[usual.of] * usual.rows * usual.effort if usual else 0.0

    @property
    def _effort(self) -> float:
        """Of one row of the stage that is under way; 0 where that is not worth counting."""
        usual = self._usual.get(self._stage)
        return usual.effort if usual else 0.0


def clock(seconds: float) -> str:
    """Seconds as people say them: 45 s, 3:20 min, 2:05 h."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02} h"
