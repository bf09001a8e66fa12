"""Whether pairs may rest on pages of an encyclopedia."""

from collections.abc import Mapping, Sequence

from kg_assets.domain import QaPair
from kg_assets.quality.gates.gate import Comparison, Finding, Gate
from kg_assets.stage.bench import StageBench

RESTS_ON_A_PAGE = Finding("It rests on a page of an encyclopedia, and export.include_enrichment is false.")


def looked_up(pairs: Sequence[QaPair], bench: StageBench) -> Mapping[str, Finding]:
    """Where the user does not want them, the pairs about units that only such pages speak of."""
    if bench.settings.export.include_enrichment:
        return {}
    with bench.warehouse.connect() as connection:
        found = connection.execute("SELECT unit_id FROM current_units WHERE origin <> ''").fetchall()
    units = {unit_id for (unit_id,) in found}
    return {pair.qa_id: RESTS_ON_A_PAGE for pair in pairs if not units.isdisjoint(pair.unit_ids)}


LOOKED_UP = Gate(
    "looked_up",
    "The pair rests on the user's own documents, unless export.include_enrichment allows others.",
    "1",
    Comparison(looked_up, settings=("export.include_enrichment",)),
)
