"""Formulas of comprehension: confidence and loss of one unit, calibration of one corpus.

Pure arithmetic on (p_true, label) pairs. Asking the trainee, deciding which judgements count, and storing
the results are not done here. All sums are `math.fsum`, so no result depends on the order of the pairs.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum, log
from typing import NamedTuple

from kg_assets.domain import Comprehension

MIN_PROBABILITY = 1e-6
MAX_PROBABILITY = 1 - 1e-6
DEFAULT_BINS = 15


class ReliabilityBin(NamedTuple):
    """One bin of the reliability curve: judgements whose confidence lies in (lower, upper].

    `mean_confidence` and `accuracy` (both 0 to 1) are None where the bin is empty.
    """

    lower: float
    upper: float
    n: int
    mean_confidence: float | None
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Calibration:
    """How far the trainee's confidence can be trusted, over `n` judgements.

    `accuracy`, `ece` and `brier` are fractions from 0 to 1, not percent; `bins` are in ascending order and
    cover [0, 1] without a gap.
    """

    n: int
    accuracy: float
    ece: float
    brier: float
    bins: tuple[ReliabilityBin, ...]


def clamp(p: float) -> float:
    """Bring a probability into [1e-6, 1 - 1e-6], so that its logarithm is finite: at most 13.82 nats.

    Not a number stays not a number: a default would be an invented score.
    """
    return min(max(p, MIN_PROBABILITY), MAX_PROBABILITY)


def probability_right(p_true: float, label: bool) -> float:
    """Probability that the trainee gives the right answer to a statement.

    `p_true` for a true statement, `1 - p_true` for a negated one.

    Raises:
        ValueError: `p_true` is not a number from 0 to 1.
    """
    if not 0.0 <= p_true <= 1.0:
        raise ValueError(f"p_true must be a probability from 0 to 1, not {p_true}")
    return p_true if label else 1.0 - p_true


def unit_comprehension(unit_id: str, trainee: str, judged: Sequence[tuple[float, bool]]) -> Comprehension:
    """How well the trainee knows one unit, from its judged statements as (p_true, label) pairs.

    With `r_i` the probability of the right answer to statement `i` (`probability_right`):
    confidence = mean of `r_i`, unclamped; loss = mean of `-ln(clamp(r_i))`, in nats, from 1e-6 to 13.82.
    The loss is the comprehension loss of GraphGen (arXiv 2505.20416): the cross-entropy
    between the labels and the trainee's answers.

    Raises:
        ValueError: `judged` is empty (a loss is measured or absent), or a `p_true` is no probability.
    """
    if not judged:
        raise ValueError(f"unit {unit_id} has no judged statement: leave its loss out, there is no default")
    right = [probability_right(p_true, label) for p_true, label in judged]
    return Comprehension(
        unit_id=unit_id,
        trainee=trainee,
        confidence=_mean(right),
        loss=_mean([-log(clamp(p)) for p in right]),
        judgements=len(right),
    )


def calibration(judged: Sequence[tuple[float, bool]], bins: int = DEFAULT_BINS) -> Calibration:
    """Calibration of a trainee over judged statements as (p_true, label) pairs.

    The predicted label is `p_true >= 0.5`, the confidence in it `max(p_true, 1 - p_true)`, and accuracy the
    share of predicted labels that are right. `bins` bins of equal width cover [0, 1]; bin `b` (from 1) is
    `((b - 1) / bins, b / bins]`, and the first also holds 0 (Guo et al. 2017, arXiv 1706.04599, section 2).
    As no confidence is below 0.5, the bins of the lower half are empty.

    ECE = sum over bins of `n_b / n * |accuracy_b - mean confidence_b|` (same source);
    Brier score = mean of `(p_true - label)^2` (Brier 1950), label 1 for true and 0 for negated.

    Raises:
        ValueError: `judged` is empty, `bins` is below 1, or a `p_true` is no probability.
    """
    if not judged:
        raise ValueError("nothing was judged: calibration is measured or absent, there is no default")
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    uppers = [(index + 1) / bins for index in range(bins)]
    confidences: list[list[float]] = [[] for _ in uppers]
    hits = [0] * bins
    squares: list[float] = []
    for p_true, label in judged:
        squares.append((1.0 - probability_right(p_true, label)) ** 2)
        confidence = max(p_true, 1.0 - p_true)
        # bisect_left finds the first upper border that is not below the confidence: closed on the right.
        index = bisect_left(uppers, confidence)
        confidences[index].append(confidence)
        hits[index] += (p_true >= 0.5) == label
    n = len(squares)
    curve = tuple(
        _bin(index / bins, upper, confidences[index], hits[index]) for index, upper in enumerate(uppers)
    )
    return Calibration(
        n=n,
        accuracy=sum(hits) / n,
        ece=fsum(
            one.n / n * abs(one.accuracy - one.mean_confidence)
            for one in curve
            if one.accuracy is not None and one.mean_confidence is not None
        ),
        brier=_mean(squares),
        bins=curve,
    )


def _bin(lower: float, upper: float, confidences: Sequence[float], hits: int) -> ReliabilityBin:
    if not confidences:
        return ReliabilityBin(lower, upper, 0, None, None)
    n = len(confidences)
    return ReliabilityBin(lower, upper, n, _mean(confidences), hits / n)


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values)
