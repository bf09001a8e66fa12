"""Embeddings go the way of all requests: retried, held to limits and budget, paid once, kept small."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.errors import BudgetExceeded, CallFailed, EndpointError
from resources.models.answers import answer_to
from resources.models.embeddings import BadVectorsError, packed, read_embeddings
from resources.models.gateway import Gateway
from resources.models.limits import Budget
from resources.models.masking import MASKED, Mask
from resources.models.response_store import ResponseStore
from resources.models.types import Ask, EmbeddingRequest, EmbeddingResponse
from tests.fake_embeddings import NUMBERS
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import CANARY_KEY, MakeGateway, chat

PRICES = {"prompt_usd_per_million": 10.0, "completion_usd_per_million": 0.0}


def names(*texts: str) -> EmbeddingRequest:
    return EmbeddingRequest(texts or ("pump", "泵"), stage="entity_embeddings", item_id="e1")


@pytest.fixture
def embedder(make_gateway: MakeGateway) -> Gateway:
    return make_gateway(PRICES, role="embedder", model="fake-embedder")


def test_each_text_gets_its_vector_of_unit_length(embedder: Gateway, server: FakeModelServer) -> None:
    server.configure(synonyms=[["Beijing", "北京"]])
    response = embedder.ask_and_wait(names("Beijing", "Nile", "北京"))
    assert response.vectors.shape == (3, NUMBERS)
    cosines = (vectors := response.vectors.astype(float)) @ vectors.T
    assert np.allclose(np.diag(cosines), 1, atol=1e-3)
    assert cosines[0, 2] > 0.95 > 0.6 > abs(cosines[0, 1])
    (body,) = server.bodies()
    assert body == {"model": "fake-embedder", "input": ["Beijing", "Nile", "北京"]}


def test_equal_requests_are_paid_once_and_come_back_the_same(
    embedder: Gateway, make_gateway: MakeGateway, server: FakeModelServer, store: ResponseStore
) -> None:
    first = embedder.ask_and_wait(names())
    assert first.cost_usd == pytest.approx(first.prompt_tokens * 1e-5)
    again = make_gateway(role="embedder", model="fake-embedder", offline=True).ask_and_wait(names())
    assert (first.from_store, again.from_store) == (False, True)
    assert first.vectors.tobytes() == again.vectors.tobytes()
    assert server.count() == 1
    assert store.totals(stage="entity_embeddings").prompt_tokens == first.prompt_tokens
    with pytest.raises(EndpointError, match="entity_embeddings needs an answer of the embedder"):
        make_gateway(role="embedder", model="another", offline=True).ask_and_wait(names())


def test_the_store_keeps_vectors_small(embedder: Gateway, store: ResponseStore) -> None:
    texts = tuple(f"name {number}" for number in range(30))
    stored = store.get(embedder.ask_and_wait(names(*texts)).key)
    assert stored is not None
    assert len(stored.text) == 30 * NUMBERS * 2 * 4 / 3
    assert len(stored.raw) < 200
    assert json.loads(stored.raw)["usage"]["prompt_tokens"] == stored.prompt_tokens


@pytest.mark.parametrize(
    "fault", ["rate_limit", "server_error", "unavailable", "drop", "half", "not_json", "error_in_body"]
)
def test_a_fault_that_passes_is_retried(embedder: Gateway, server: FakeModelServer, fault: str) -> None:
    server.configure(script=[fault, fault])
    assert not embedder.ask_and_wait(names()).from_store
    assert server.count() == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("too_few_vectors", "1 vectors came back for 2 texts"),
        ("not_a_number", "no finite number"),
        ("zero_vector", "a vector is zero"),
        ("ragged", "of one length"),
        ("same_index", "are numbered"),
    ],
)
def test_vectors_of_no_use_fail_this_request_and_say_why(
    embedder: Gateway, server: FakeModelServer, store: ResponseStore, fault: str, words: str
) -> None:
    server.configure(script=[fault] * 3)
    with pytest.raises(CallFailed, match=words) as failure:
        embedder.ask_and_wait(names())
    assert failure.value.reason == "bad_vectors"
    assert server.count() == 3
    assert store.totals().failed_attempts == 3
    assert embedder.ask_and_wait(names()).vectors.shape == (2, NUMBERS)


def test_vectors_in_another_order_are_put_in_order(embedder: Gateway, server: FakeModelServer) -> None:
    one, two = (embedder.ask_and_wait(names(text)).vectors[0] for text in ("pump", "泵"))
    server.configure(script=["other_order"])
    both = embedder.ask_and_wait(names()).vectors
    assert np.array_equal(both, [one, two])


def test_a_model_that_does_not_embed_stops_the_run(embedder: Gateway, server: FakeModelServer) -> None:
    server.configure(only_listed_models=True)
    with pytest.raises(EndpointError, match="EMBEDDING_MODEL, an embedding model, and EMBEDDING_BASE_URL"):
        embedder.ask_and_wait(names())


def test_the_budget_is_that_of_all_models(make_gateway: MakeGateway) -> None:
    budget = Budget(usd=1e-9)
    with pytest.raises(BudgetExceeded):
        make_gateway(PRICES, role="embedder", budget=budget).ask_and_wait(names())


def test_usage_that_is_not_reported_is_counted_here(embedder: Gateway, server: FakeModelServer) -> None:
    server.configure(usage=False)
    assert embedder.ask_and_wait(names("heat exchanger")).prompt_tokens > 1


def test_a_batch_asks_for_vectors_as_for_words(make_gateway: MakeGateway) -> None:
    gateway = make_gateway()

    async def work(text: str, ask: Ask) -> tuple[EmbeddingResponse, str]:
        return await ask(names(text)), (await ask(chat(text))).text

    found = dict(gateway.map(["pump", "valve"], work))
    assert found.keys() == {"pump", "valve"}
    assert all(not isinstance(each, CallFailed) and each[1] for each in found.values())


def test_the_route_may_stand_in_the_address(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    gateway = make_gateway(role="embedder", base_url=f"{server.base_url}/embeddings/")
    assert gateway.ask_and_wait(names()).vectors.shape == (2, NUMBERS)


def test_a_key_that_the_endpoint_repeats_is_not_stored() -> None:
    mask = Mask(CANARY_KEY, "http://host/v1")
    escaped = "".join(f"\\u{ord(character):04x}" for character in CANARY_KEY)
    for key in (CANARY_KEY, escaped):
        body = f'{{"data": [{{"embedding": [1, 2]}}], "model": "m", "you": "{key}"}}'
        kept = answer_to(names("pump"), body, mask.stored)
        assert CANARY_KEY not in kept.raw + kept.text
        assert MASKED in kept.raw
    bad = answer_to(names("pump", "valve"), body.replace(escaped, CANARY_KEY), mask.stored)
    assert bad.useless is not None
    assert CANARY_KEY not in bad.raw


def _body(vectors: list[Any]) -> str:
    return json.dumps({"data": [{"index": i, "embedding": v} for i, v in enumerate(vectors)]})


@given(
    st.integers(1, 6).flatmap(
        lambda size: st.lists(
            st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=size, max_size=size),
            min_size=1,
            max_size=5,
        )
    )
)
def test_any_finite_vectors_are_read_or_refused_as_zero(vectors: list[list[float]]) -> None:
    if all(any(vector) for vector in vectors):
        found = read_embeddings(_body(vectors), len(vectors)).vectors
        assert np.allclose(np.linalg.norm(found.astype(float), axis=1), 1, atol=2e-3)
        assert len(packed(found)) == 4 * -(-found.nbytes // 3)
    else:
        with pytest.raises(BadVectorsError):
            read_embeddings(_body(vectors), len(vectors))


@pytest.mark.parametrize(
    "raw", ["[]", "{}", '{"data": 3}', '{"data": [3]}', '{"data": [{"embedding": "AAAA"}]}', '{"data": [{}]}']
)
def test_what_is_no_embedding_is_refused(raw: str) -> None:
    with pytest.raises(ValueError, match=r"embeddings|vectors"):
        read_embeddings(raw, 1)
