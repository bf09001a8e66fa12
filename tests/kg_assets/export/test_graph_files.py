"""The graph's files load where they are meant to, with every fact and no invented number."""

import io
import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest

from kg_assets.export.graph_files import graph_json_bytes, graphml_bytes, write_graph, xml_text
from kg_assets.export.report.data import ReportData


def chunk_ids(data: ReportData) -> dict[str, list[str]]:
    return {unit_id: [e.chunk_id for e in evidence] for unit_id, evidence in data.evidence.items()}


def test_graphml_loads_in_networkx_with_names_losses_and_support(small: ReportData) -> None:
    graph = nx.read_graphml(io.BytesIO(graphml_bytes(small.units, small.comprehension, chunk_ids(small), {})))
    entities = [u for u in small.units if u.kind == "entity"]
    relations = [u for u in small.units if u.kind == "relation"]
    assert list(graph.nodes) == [u.unit_id for u in entities]
    assert set(graph.edges) == {(u.source_id, u.target_id) for u in relations}
    for unit in entities:
        node = graph.nodes[unit.unit_id]
        assert (node["name"], node["type"], node["description"]) == (unit.name, unit.type, unit.description)
        assert node["chunk_ids"].split(" ") == chunk_ids(small)[unit.unit_id]
        measured = small.comprehension.get(unit.unit_id)
        assert node.get("loss") == (measured.loss if measured else None)
    relation = relations[0]
    edge = graph.edges[relation.source_id, relation.target_id]
    assert edge["id"] == relation.unit_id
    assert edge["confidence"] == small.comprehension[relation.unit_id].confidence


def test_graph_json_is_node_link_data(small: ReportData) -> None:
    data = json.loads(graph_json_bytes(small.units, small.comprehension, chunk_ids(small), {}))
    graph = nx.node_link_graph(data, edges="edges")
    assert graph.is_directed()
    assert graph.number_of_nodes() + graph.number_of_edges() == len(small.units)
    unmeasured = [n for n in data["nodes"] if n["id"] not in small.comprehension]
    assert unmeasured
    assert all(node["loss"] is None and node["confidence"] is None for node in unmeasured)


def test_characters_that_xml_forbids_are_replaced_and_the_rest_is_kept(small: ReportData) -> None:
    text = "]]> <b>&amp;</b> \"q\" 'q' \x00\x0b\ufffe\ud800 \t 毕昇 𝒳"
    units = [replace(small.units[0], name=text, description=text)]
    graph = nx.read_graphml(io.BytesIO(graphml_bytes(units, {}, {}, {})))
    assert (
        graph.nodes[units[0].unit_id]["name"]
        == "]]> <b>&amp;</b> \"q\" 'q' \ufffd\ufffd\ufffd\ufffd \t 毕昇 𝒳"
    )
    assert json.loads(graph_json_bytes(units, {}, {}, {}))["nodes"][0]["name"] == text
    assert xml_text("é\U0010ffff") == "é\U0010ffff"


def test_an_entity_keeps_its_other_names(small: ReportData) -> None:
    unit = small.units[0]
    names = {unit.unit_id: (unit.name, "Other Name", "O. N.")}
    (node,) = json.loads(graph_json_bytes([unit], {}, {}, names))["nodes"]
    assert node["aliases"] == ["Other Name", "O. N."]
    graph = nx.read_graphml(io.BytesIO(graphml_bytes([unit], {}, {}, names)))
    assert graph.nodes[unit.unit_id]["aliases"] == "Other Name; O. N."


def test_the_same_graph_gives_the_same_bytes(tmp_path: Path, small: ReportData) -> None:
    first = write_graph(tmp_path / "a", small.units, small.comprehension, chunk_ids(small), {})
    again = write_graph(tmp_path / "b", small.units, small.comprehension, chunk_ids(small), {})
    assert [f.sha256 for f in first] == [f.sha256 for f in again]
    assert [(f.path.name, f.rows) for f in first] == [
        ("graph.graphml", len(small.units)),
        ("graph.json", len(small.units)),
    ]


def test_an_empty_graph_is_a_graph(small: ReportData) -> None:
    assert nx.read_graphml(io.BytesIO(graphml_bytes([], {}, {}, {}))).number_of_nodes() == 0
    assert json.loads(graph_json_bytes([], {}, {}, {}))["nodes"] == []


def test_a_relation_to_nowhere_is_refused(small: ReportData) -> None:
    relations = [u for u in small.units if u.kind == "relation"]
    with pytest.raises(ValueError, match="not in the graph"):
        graphml_bytes(relations[:1], {}, {}, {})


def test_a_relation_shows_its_type_where_it_has_one(small: ReportData) -> None:
    first = next(unit for unit in small.units if unit.kind == "relation")
    units = [replace(unit, type="made by") if unit is first else unit for unit in small.units]
    edges = json.loads(graph_json_bytes(units, {}, {}, {}))["edges"]
    assert [edge["id"] for edge in edges if "type" in edge] == [first.unit_id]
    graph = nx.read_graphml(io.BytesIO(graphml_bytes(units, {}, {}, {})))
    assert graph.edges[first.source_id, first.target_id]["type"] == "made by"
