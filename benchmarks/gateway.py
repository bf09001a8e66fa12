"""One-token judgements through the gateway, against a server with a fixed latency in another process."""

import tempfile
from pathlib import Path

from benchmarks.table import Measured, spent
from resources.models.gateway import Gateway
from resources.models.response_store import ResponseStore
from resources.models.settings import ModelSettings
from resources.models.types import ChatRequest, Message
from tests.fake_model_server import FakeModelServer

CALLS = 2000
CONCURRENCY = 64
LATENCY_S = 0.1


def run() -> list[Measured]:
    """2,000 judgements at concurrency 64; the ideal is that all slots are always busy."""
    ideal_s = CALLS / CONCURRENCY * LATENCY_S
    requests = [
        ChatRequest((Message("user", f"Is {n} even? yes or no"),), 1, top_logprobs=20, stage="judgements")
        for n in range(CALLS)
    ]
    with FakeModelServer(latency_s=LATENCY_S) as server, tempfile.TemporaryDirectory() as folder:
        settings = ModelSettings(concurrency=CONCURRENCY)
        with (
            ResponseStore(Path(folder) / "responses.sqlite") as store,
            Gateway(
                "trainee", settings, server.base_url, None, "fake", store, corpus="bench", count_tokens=len
            ) as gateway,
        ):
            gateway.run(gateway.supports_logprobs)
            with spent() as it:
                answered = sum(1 for _ in gateway.map(requests, lambda request, ask: ask(request)))
    assert answered == CALLS
    return [
        Measured("share of the ideal 3.13 s", ideal_s / it.wall_s, "", 0.8, at_least=True),
        Measured("wall time", it.wall_s, "s"),
        Measured("CPU of the client for each call", it.cpu_s / CALLS * 1000, "ms", 2.0),
    ]
