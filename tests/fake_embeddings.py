"""What the fake server says of texts as vectors: the same for the same text and model, near each other for
names that a test says mean one thing, far apart for all others."""

import hashlib
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.fake_model_behaviour import Behaviour

Json = dict[str, Any]
NUMBERS = 64
_OWN_SHARE = 0.1


def embeddings(behaviour: "Behaviour", body: Mapping[str, Any]) -> Json:
    """The body of a successful answer."""
    texts = body["input"]
    data = [
        {"object": "embedding", "index": place, "embedding": _vector(text, str(body.get("model")), behaviour)}
        for place, text in enumerate(texts)
    ]
    answer: Json = {"object": "list", "data": data, "model": body.get("model")}
    if behaviour.usage:
        used = sum(len(text) // 4 + 1 for text in texts)
        answer["usage"] = {"prompt_tokens": used, "total_tokens": used}
    return answer


def spoil(data: list[Json], fault: str) -> None:
    """Makes of good vectors what endpoints have been seen to send."""
    if fault == "too_few_vectors":
        del data[-1]
    elif fault == "not_a_number":
        data[0]["embedding"][0] = float("nan")
    elif fault == "zero_vector":
        data[0]["embedding"] = [0.0] * NUMBERS
    elif fault == "ragged":
        data[0]["embedding"].pop()
    elif fault == "same_index":
        data[-1]["index"] = 0
    elif fault == "other_order":
        data.reverse()


def _vector(text: str, model: str, behaviour: "Behaviour") -> list[float]:
    """What a name means, and a little of how it is written; of a text what stands before its first colon."""
    name = text.partition(": ")[0]
    group = next((names[0] for names in behaviour.synonyms if name in names), name)
    meant, own = _direction(f"{model}|{group}"), _direction(f"{model}|{text}")
    return [3 * (m + _OWN_SHARE * o) for m, o in zip(meant, own, strict=True)]


def _direction(text: str) -> list[float]:
    chance = random.Random(hashlib.sha256(text.encode("utf-8", "replace")).digest())
    return [chance.gauss(0, 1) for _ in range(NUMBERS)]
