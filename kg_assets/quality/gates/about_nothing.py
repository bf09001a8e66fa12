"""A pair is about something."""

from kg_assets.domain import QaPair
from kg_assets.quality.gates.gate import Gate, Rule


def is_about_something(pair: QaPair) -> str:
    """A question is about at least one unit."""
    return "" if pair.unit_ids else "The pair is about no unit of the graph."


ABOUT_NOTHING = Gate(
    "about_nothing", "The pair is about at least one unit of the graph.", "1", Rule(is_about_something)
)
