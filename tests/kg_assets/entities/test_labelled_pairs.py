"""The labelled pairs are as they should be, and rules alone reach the promised precision and recall."""

from collections import Counter

from benchmarks.entities import MIN_PRECISION, MIN_RECALL, labelled_pairs, of_part, score


def test_the_set_is_large_enough_mixed_and_without_repetition() -> None:
    pairs = labelled_pairs()
    assert len(pairs) >= 250
    assert len({(pair["a"]["name"], pair["b"]["name"], pair["text"]) for pair in pairs}) == len(pairs)
    counted = Counter((pair["language"], pair["part"], pair["same"]) for pair in pairs)
    assert len(counted) == 8
    assert min(counted.values()) >= 25


def test_rules_alone_reach_precision_and_recall_on_both_halves() -> None:
    pairs = labelled_pairs()
    for part in ("tune", "held out"):
        found = score(of_part(pairs, part))
        assert (found.precision >= MIN_PRECISION, found.recall >= MIN_RECALL) == (True, True), (part, found)
