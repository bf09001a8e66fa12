"""The table of gates, in the order in which they judge; the first that stops a pair is named as the reason. A
new gate is a module and a line here.

Rules judge first, then gates that ask a model, then those that look at all pairs: each is shown only what
none before has stopped.
"""

from kg_assets.quality.gates.about_nothing import ABOUT_NOTHING
from kg_assets.quality.gates.duplicate import DUPLICATE
from kg_assets.quality.gates.empty import EMPTY
from kg_assets.quality.gates.gate import Gate
from kg_assets.quality.gates.language import LANGUAGE
from kg_assets.quality.gates.looked_up import LOOKED_UP
from kg_assets.quality.gates.refers_to_input import REFERS_TO_INPUT
from kg_assets.quality.gates.repeats_itself import REPEATS_ITSELF
from kg_assets.quality.gates.repeats_question import REPEATS_QUESTION

GATES: tuple[Gate, ...] = (
    ABOUT_NOTHING,
    EMPTY,
    REPEATS_QUESTION,
    REPEATS_ITSELF,
    LANGUAGE,
    REFERS_TO_INPUT,
    LOOKED_UP,
    DUPLICATE,
)
