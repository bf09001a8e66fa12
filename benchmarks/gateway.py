"""One-token judgements through the gateway, against a server with a fixed latency in another process."""

import tempfile
from pathlib import Path

from benchmarks.model_server import ModelServer
from benchmarks.table import Measured, spent
from resources.models.gateway import Gateway
from resources.models.response_store import ResponseStore
from resources.models.settings import ModelSettings
from resources.models.types import ChatRequest, Message


def run() -> list[Measured]:
    """2,000 judgements of 0.1 s at concurrency 64, and 20,000 of 1 s at 1,024."""
    return [
        *_measured(calls=2_000, concurrency=64, latency_s=0.1, share=0.85, cpu_ms=1.3),
        *_measured(calls=20_000, concurrency=1_024, latency_s=1.0, share=1 / 1.3, cpu_ms=None),
    ]


def _measured(
    *, calls: int, concurrency: int, latency_s: float, share: float, cpu_ms: float | None
) -> list[Measured]:
    """The ideal is that all slots are always busy; `share` and `cpu_ms` are goals."""
    ideal_s = calls / concurrency * latency_s
    requests = [
        ChatRequest((Message("user", f"Is {n} even? yes or no"),), 1, top_logprobs=20, stage="judgements")
        for n in range(calls)
    ]
    with ModelServer(latency_s) as server, tempfile.TemporaryDirectory() as folder:
        settings = ModelSettings(concurrency=concurrency)
        with (
            ResponseStore(Path(folder) / "responses.sqlite") as store,
            Gateway(
                "trainee", settings, server.base_url, None, "fake", store, corpus="bench", count_tokens=len
            ) as gateway,
        ):
            gateway.run(gateway.supports_logprobs)
            with spent() as made:
                answered = sum(1 for _ in gateway.map(requests, lambda request, ask: ask(request)))
            with spent() as read:
                again = sum(1 for _ in gateway.map(requests, lambda request, ask: ask(request)))
            made_calls = gateway.usage["judgements"].calls
    assert answered == again == made_calls == calls
    what = f"{calls:,} calls of {latency_s:g} s at concurrency {concurrency:,}"
    return [
        Measured(
            f"{what}: share of the ideal {ideal_s:.3g} s", ideal_s / made.wall_s, "", share, at_least=True
        ),
        Measured("… wall time", made.wall_s, "s"),
        Measured("… CPU of the client for each call", made.cpu_s / calls * 1000, "ms", cpu_ms),
        Measured("… CPU for each answer from the store", read.cpu_s / calls * 1000, "ms"),
    ]
