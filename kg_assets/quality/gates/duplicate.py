"""No pair stands there twice."""

from collections.abc import Mapping, Sequence

from kg_assets.domain import QaPair, normalise_name
from kg_assets.quality.gates.gate import Comparison, Finding, Gate
from kg_assets.stage.bench import StageBench


def duplicates(pairs: Sequence[QaPair], _bench: StageBench) -> Mapping[str, Finding]:
    """Of pairs that are equal but for case and space, all but the first."""
    first: dict[tuple[str, str], str] = {}
    found = {}
    for pair in pairs:
        said = normalise_name(pair.question), normalise_name(pair.answer)
        if (other := first.setdefault(said, pair.qa_id)) != pair.qa_id:
            found[pair.qa_id] = Finding(f"The same question and answer as {other}.")
    return found


DUPLICATE = Gate("duplicate", "No other pair says the same.", "1", Comparison(duplicates))
