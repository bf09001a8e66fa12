"""Communities of the graph and what runs between them: arithmetic on indices.

Seeded, and nodes are whole numbers throughout: networkx iterates over sets, whose order is the same in every
process for numbers, but not for strings.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx

from kg_assets.export.report.layout import SEED, Edge


@dataclass(frozen=True, slots=True)
class MetaEdge:
    """Two communities and how many relations run between them."""

    first: int
    second: int
    relations: int


def find_communities(edges: Sequence[Edge]) -> list[list[int]]:
    """Louvain communities of the undirected graph of `edges`, the largest first, members ascending.

    Blondel et al. 2008 (arXiv 0803.0476). Nodes without edges belong to none.
    """
    graph: nx.Graph[int] = nx.Graph()
    graph.add_edges_from(edge for edge in edges if edge[0] != edge[1])
    found = nx.community.louvain_communities(graph, seed=SEED) if graph else []
    return sorted((sorted(members) for members in found), key=lambda members: (-len(members), members))


def meta_edges(communities: Sequence[Sequence[int]], edges: Sequence[Edge]) -> list[MetaEdge]:
    """Relations between different communities, counted by pair, in order of the pair."""
    of = {node: index for index, members in enumerate(communities) for node in members}
    pairs = Counter(
        (min(of[a], of[b]), max(of[a], of[b])) for a, b in edges if a in of and b in of and of[a] != of[b]
    )
    return [MetaEdge(first, second, count) for (first, second), count in sorted(pairs.items())]
