"""The knowledge graph as files: GraphML for Gephi, yEd and networkx, node-link JSON for everything else.

Written from the merged units, not read back from the graph database: the same units give the same bytes.
"""

import io
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import networkx as nx
import orjson

from kg_assets.domain import Comprehension, GraphUnit
from kg_assets.export.files import Content, ExportedFile, write_files

# All but the characters of XML 1.0, section 2.2; the rest cannot stand in a document even as references.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_graph(
    directory: Path,
    units: Sequence[GraphUnit],
    comprehension: Mapping[str, Comprehension],
    chunk_ids: Mapping[str, Sequence[str]],
    spellings: Mapping[str, Sequence[str]],
) -> list[ExportedFile]:
    """Write `graph.graphml` and `graph.json` into `directory`; arguments as for `node_link`.

    Raises:
        ExportError: the folder cannot be written or the disk is full.
        ValueError: a relation names an entity that is not among the units.
    """
    files = {
        "graph.graphml": Content(
            "graphml", len(units), [graphml_bytes(units, comprehension, chunk_ids, spellings)]
        ),
        "graph.json": Content(
            "graph", len(units), [graph_json_bytes(units, comprehension, chunk_ids, spellings)]
        ),
    }
    return write_files(directory, files)


def node_link(
    units: Sequence[GraphUnit],
    comprehension: Mapping[str, Comprehension],
    chunk_ids: Mapping[str, Sequence[str]],
    spellings: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """The graph as node-link data, in the units' order: `networkx.node_link_graph(…, edges="edges")`.

    The mappings are by unit id; a unit without comprehension has `loss` and `confidence` null, never a
    default; a relation without a type (of the user's schema) has no `type`, and only a unit that is not from
    the user's documents has an `origin`. `spellings` are all ways to write an entity: those that are not its
    name are its aliases.

    Raises:
        ValueError: a relation names an entity that is not among the units.
    """
    nodes: list[dict[str, Any]] = []
    edges: list[dict[str, Any]] = []
    for unit in units:
        measured = comprehension.get(unit.unit_id)
        shared = {
            "description": unit.description,
            "language": unit.language,
            "loss": measured.loss if measured else None,
            "confidence": measured.confidence if measured else None,
            "chunk_ids": list(chunk_ids.get(unit.unit_id, ())),
        } | ({"origin": unit.origin} if unit.origin else {})
        if unit.kind == "entity":
            aliases = [name for name in spellings.get(unit.unit_id, ()) if name != unit.name]
            own = {"id": unit.unit_id, "name": unit.name, "type": unit.type, "aliases": aliases}
            nodes.append({**own, **shared})
        else:
            names = {"source_name": unit.source, "target_name": unit.target}
            ends = {"source": unit.source_id, "target": unit.target_id}
            typed = {"type": unit.type} if unit.type else {}
            edges.append({"id": unit.unit_id, **ends, **names, **typed, **shared})
    known = {node["id"] for node in nodes}
    for edge in edges:
        if not {edge["source"], edge["target"]} <= known:
            raise ValueError(f"relation {edge['id']} names an entity that is not in the graph")
    return {"directed": True, "multigraph": False, "graph": {}, "nodes": nodes, "edges": edges}


def graph_json_bytes(
    units: Sequence[GraphUnit],
    comprehension: Mapping[str, Comprehension],
    chunk_ids: Mapping[str, Sequence[str]],
    spellings: Mapping[str, Sequence[str]],
) -> bytes:
    """`graph.json`: the data of `node_link` in UTF-8; a lone surrogate is kept, as a JSON escape."""
    data = node_link(units, comprehension, chunk_ids, spellings)
    try:
        return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:  # it takes no half characters
        text = json.dumps(data, ensure_ascii=False, indent=2)
        return text.encode("utf-8", "backslashreplace") + b"\n"


def graphml_bytes(
    units: Sequence[GraphUnit],
    comprehension: Mapping[str, Comprehension],
    chunk_ids: Mapping[str, Sequence[str]],
    spellings: Mapping[str, Sequence[str]],
) -> bytes:
    """`graph.graphml`: a directed graph whose node ids are unit ids.

    GraphML knows no null and no lists: an unmeasured loss is left out, chunk ids are separated by spaces,
    aliases by semicolons. Characters that XML 1.0 does not allow become U+FFFD.
    """
    data = node_link(units, comprehension, chunk_ids, spellings)
    graph: nx.DiGraph[str] = nx.DiGraph()
    for node in data["nodes"]:
        graph.add_node(node.pop("id"), **_attributes(node))
    for edge in data["edges"]:
        graph.add_edge(edge.pop("source"), edge.pop("target"), **_attributes(edge))
    file = io.BytesIO()
    # Not write_graphml: that one takes lxml where it is installed, and writes other bytes with it.
    nx.write_graphml_xml(graph, file)
    return file.getvalue() + b"\n"


def _attributes(values: Mapping[str, Any]) -> dict[str, str | float]:
    kept: dict[str, str | float] = {}
    for key, value in values.items():
        if isinstance(value, list):
            kept[key] = xml_text(("; " if key == "aliases" else " ").join(value))
        elif isinstance(value, str):
            kept[key] = xml_text(value)
        elif value is not None:
            kept[key] = value
    return kept


def xml_text(text: str) -> str:
    """`text` with each character that XML 1.0 does not allow replaced by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)
