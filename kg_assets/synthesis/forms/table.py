"""The table of forms, in the order in which everything shows them. A new form is a module and a line here."""

from kg_assets.synthesis.forms.aggregated import AGGREGATED
from kg_assets.synthesis.forms.atomic import ATOMIC
from kg_assets.synthesis.forms.form import Form
from kg_assets.synthesis.forms.multi_hop import MULTI_HOP

FORMS: tuple[Form, ...] = (ATOMIC, AGGREGATED, MULTI_HOP)
