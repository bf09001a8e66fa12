"""Endpoints differ; what is made with them does not."""

from typing import Any

import pytest

from tests.fake_model_server import FakeModelServer
from tests.pipeline.project import ENGLISH, Project

DIFFERENCES: dict[str, dict[str, Any]] = {
    "max_completion_tokens only, no logprobs": {
        "limit_field": "max_completion_tokens",
        "logprobs": "rejected",
    },
    "no JSON schema, no usage, reasons beside the answer": {
        "structured": "none",
        "usage": False,
        "reasoning": "reasoning_content",
    },
    "thinks aloud": {"reasoning": "think"},
}
SAMPLED = {"max_completion_tokens only, no logprobs"}


@pytest.fixture(scope="module")
def pairs_by_endpoint() -> dict[str, int]:
    return {}


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_every_endpoint_gives_as_many_pairs(
    quick_project: Project, fake_models: FakeModelServer, difference: str, pairs_by_endpoint: dict[str, int]
) -> None:
    project = quick_project
    fake_models.configure(**DIFFERENCES[difference])
    project.configure(comprehension={"statements": 1, "samples": 2})
    project.write("jupiter.txt", ENGLISH)
    stages = project.run().stages
    pairs = project.lineage()
    pairs_by_endpoint[difference] = len(pairs)
    assert len(pairs) > 5
    assert set(pairs_by_endpoint.values()) == {len(pairs)}
    assert all(stages[stage]["dropped"] == 0 for stage in ("claims", "statements", "judgements"))
    assert all(stages[stage]["prompt_tokens"] > 0 for stage in ("claims", "judgements", "qa_atomic"))
    methods = set(project.frame("SELECT method FROM current_judgements")["method"])
    assert methods == ({"sampling"} if difference in SAMPLED else {"logprobs"})
    assert all(pair["loss"] is not None for pair in pairs)
