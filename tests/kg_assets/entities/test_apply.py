"""Claims about an alias count for what it means; without aliases nothing about them changes."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from kg_assets.claims.merge import ChunkClaim, MergedUnit, merge_claims
from kg_assets.domain import entity_id, relation_id
from kg_assets.entities.apply import canonical_claims, moved_units, spellings
from kg_assets.entities.types import Alias
from tests.kg_assets.stage_samples import entity_claim, relation_claim


def alias(canonical: str, other: str) -> Alias:
    return Alias(entity_id(canonical), canonical, entity_id(other), other, "rule", 0.9, "because", "")


def merged(claims: Sequence[ChunkClaim], aliases: Sequence[Alias]) -> list[MergedUnit]:
    meant = canonical_claims([made.claim for made in claims], aliases)
    return merge_claims(
        [ChunkClaim(m.chunk_id, m.language, claim) for m, claim in zip(claims, meant, strict=True)]
    )


CLAIMS = [
    entity_claim("James Webb", "It flies.", chunk_id="c1"),
    entity_claim("JWST", "It sees far.", chunk_id="c2"),
    relation_claim("JWST", "Ariane", "Ariane launched it.", chunk_id="c3"),
    relation_claim("Ariane", "James Webb", "It left on Ariane.", chunk_id="c4"),
    relation_claim("JWST", "James Webb", "JWST is named after James Webb.", chunk_id="c5"),
]


def test_one_entity_and_one_relation_come_of_two_names() -> None:
    units = {found.unit.unit_id: found for found in merged(CLAIMS, [alias("James Webb", "JWST")])}
    webb, launch = units[entity_id("James Webb")], units[relation_id("James Webb", "Ariane")]
    assert set(units) == {entity_id("James Webb"), entity_id("Ariane"), relation_id("James Webb", "Ariane")}
    assert webb.unit.name == "James Webb"
    assert webb.unit.type == "person"
    assert launch.chunk_ids == ("c3", "c4")


def test_a_relation_between_two_names_of_one_thing_tells_about_that_thing() -> None:
    (webb, *_) = merged(CLAIMS, [alias("James Webb", "JWST")])
    assert webb.descriptions == ("It flies.", "It sees far.", "JWST is named after James Webb.")
    assert webb.chunk_ids == ("c1", "c2", "c5")


def test_every_spelling_is_kept_under_the_canonical_name() -> None:
    found = spellings([made.claim for made in CLAIMS], [alias("James Webb", "JWST")])
    assert found == {entity_id("James Webb"): ("James Webb", "JWST"), entity_id("Ariane"): ("Ariane",)}


def test_the_units_that_moved_are_named_with_where_they_went() -> None:
    found = moved_units([made.claim for made in CLAIMS], [alias("James Webb", "JWST")])
    assert found == {
        entity_id("JWST"): entity_id("James Webb"),
        relation_id("JWST", "Ariane"): relation_id("James Webb", "Ariane"),
        relation_id("JWST", "James Webb"): entity_id("James Webb"),
    }


NAMES = ["Ada", "ADA", "Bel", "Cid", "Dov"]
said = st.lists(
    st.one_of(
        st.builds(entity_claim, st.sampled_from(NAMES)),
        st.builds(
            lambda pair: relation_claim(*pair),
            st.tuples(st.sampled_from(NAMES), st.sampled_from(NAMES)).filter(
                lambda pair: pair[0].casefold() != pair[1].casefold()
            ),
        ),
    ),
    max_size=12,
)


@given(said)
def test_without_aliases_the_graph_is_as_it_was(claims: list[ChunkClaim]) -> None:
    assert merged(claims, []) == merge_claims(claims)


@given(said)
def test_with_aliases_no_claim_is_lost_and_no_alias_is_left(claims: list[ChunkClaim]) -> None:
    units = merged(claims, [alias("Bel", "Cid"), alias("Bel", "Dov")])
    ids = {found.unit.unit_id for found in units}
    assert not ids & {entity_id("Cid"), entity_id("Dov")}
    described = {text for found in units for text in found.descriptions}
    assert described == {made.claim.description for made in claims}
    for found in units:
        if found.unit.kind == "relation":
            assert found.unit.source_id != found.unit.target_id
            assert {found.unit.source_id, found.unit.target_id} <= ids
