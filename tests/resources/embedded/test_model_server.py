"""The embedded model answers as an OpenAI endpoint, to its users only, and ends with them at once."""

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import openai
import psutil
import pytest

from resources.embedded.model_files import LOCAL_MODELS
from resources.embedded.model_server import ModelLease, lease_model

MODEL = LOCAL_MODELS["qwen2.5-coder-0.5b-instruct"]


@pytest.fixture
def lease(workspace: Path) -> Iterator[ModelLease]:
    with lease_model(workspace, MODEL) as leased:
        yield leased


def client_of(lease: ModelLease) -> openai.OpenAI:
    return openai.OpenAI(base_url=lease.base_url, api_key=lease.api_key, max_retries=0)


def test_the_model_judges_within_a_schema_and_with_logprobs(lease: ModelLease) -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"capital": {"type": "string", "maxLength": 20}},
        "required": ["capital"],
    }
    answer = client_of(lease).chat.completions.create(
        model=lease.model,
        messages=[{"role": "user", "content": "What is the capital of France? Answer as JSON."}],
        response_format={"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}},
        max_tokens=40,
        temperature=0,
        logprobs=True,
        top_logprobs=5,
    )
    assert answer.model == MODEL.name
    assert "Paris" in json.loads(answer.choices[0].message.content or "")["capital"]
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.content is not None
    assert len(logprobs.content[0].top_logprobs) == 5


def test_only_those_with_the_key_on_this_machine_are_served(lease: ModelLease) -> None:
    for key in ("", "Bearer wrong"):
        refused = httpx2.get(f"{lease.base_url}/models", headers={"Authorization": key}, trust_env=False)
        assert refused.status_code == 401
    ips = {c.laddr.ip for c in psutil.Process(lease.pid).net_connections("inet") if c.status == "LISTEN"}
    assert ips == {"127.0.0.1"}
    assert lease.api_key not in repr(lease) + " ".join(psutil.Process(lease.pid).cmdline())


def test_a_second_user_gets_the_running_server_with_its_slots(lease: ModelLease, workspace: Path) -> None:
    with lease_model(workspace, MODEL, parallel=4) as second:
        assert (second.pid, second.base_url, second.parallel) == (lease.pid, lease.base_url, 2)
    listed = client_of(lease).models.list().data[0]
    assert listed.id == MODEL.name
    assert listed.model_extra is not None
    assert listed.model_extra["meta"]["n_ctx"] == 4096


def test_a_request_in_progress_does_not_keep_the_server(
    lease: ModelLease, ended: Callable[..., bool]
) -> None:
    failures: list[Exception] = []
    began = threading.Event()

    def ask_for_a_long_text() -> None:
        try:
            stream = client_of(lease).chat.completions.create(
                model=lease.model,
                messages=[{"role": "user", "content": "Count from 1 to 1000."}],
                max_tokens=2000,
                stream=True,
                extra_body={"ignore_eos": True},  # else it may be content with a short answer
            )
            for _ in stream:
                began.set()
        except (openai.APIError, httpx2.TransportError) as error:
            failures.append(error)

    asking = threading.Thread(target=ask_for_a_long_text)
    asking.start()
    assert began.wait(60)
    lease.close()
    assert ended(lease.pid, within_s=5)
    asking.join(10)
    assert failures
