"""A gate over all pairs that only flags: how many pairs have this answer?"""

from collections import Counter
from collections.abc import Mapping, Sequence

from kg_assets.domain import QaPair, normalise_name
from kg_assets.quality.gates.gate import Comparison, Finding, Gate
from kg_assets.stage.bench import StageBench


def same_answers(pairs: Sequence[QaPair], _bench: StageBench) -> Mapping[str, Finding]:
    """The score is the number of pairs with the answer; from two on it is a finding."""
    answers = Counter(normalise_name(pair.answer) for pair in pairs)
    shared = {pair.qa_id: answers[normalise_name(pair.answer)] for pair in pairs}
    return {
        qa_id: Finding(f"{count} pairs have this answer." if count > 1 else "", float(count))
        for qa_id, count in shared.items()
    }


SAME_ANSWER = Gate(
    name="same_answer",
    description="No other pair has the same answer.",
    version="1",
    by=Comparison(same_answers),
    then="flag",
)
