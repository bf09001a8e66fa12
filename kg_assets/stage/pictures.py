"""The report's charts as pictures for the metadata of materialisations in the Dagster UI.

There they stand alone, without the report's page: each carries its colours, those of the light theme.
"""

import base64

from markupsafe import Markup

from kg_assets.stage.charts import CHART_HEIGHT, CHART_WIDTH

_STYLE = """\
svg { background: #ffffff; font: 12px ui-sans-serif, system-ui, sans-serif }
text { fill: #566267 } .mid { text-anchor: middle } .end { text-anchor: end } .axis, .note { fill: #1c2427 }
.grid { stroke: #e2dfd7 } .ideal { stroke: #566267; stroke-width: 1.3; stroke-dasharray: 4 4 }
.bar { fill: #58a39a; fill-opacity: 0.3 } .gap { stroke: #ad2a1b; stroke-width: 2 }
.dot, .solid { fill: #17706d }
.c0 { fill: #17706d } .c1 { fill: #58a39a } .c2 { fill: #aacbb8 } .c3 { fill: #edbe74 } .c4 { fill: #dd7a38 }
.c5 { fill: #ad2a1b }
"""


def picture(chart: Markup) -> str:
    """A chart of `report_charts` as a data URI, for Markdown metadata: `![title](<uri>)`."""
    head, body = str(chart).split(">", 1)
    size = f'xmlns="http://www.w3.org/2000/svg" width="{CHART_WIDTH}" height="{CHART_HEIGHT}"'
    svg = f"{head} {size}><style>{_STYLE}</style>{body}"
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode("utf-8")).decode("ascii")
