"""What the response store promises: durable, shared by threads and processes, first response wins."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from resources.models.group_commit import GroupCommit
from resources.models.response_store import (
    FailedAttempt,
    KnownDialect,
    ResponseStore,
    ResponseStoreError,
    Row,
    StoredResponse,
    utc_now,
)

RESPONSE = StoredResponse(
    key="k0",
    created_at=utc_now(),
    corpus="default",
    stage="claims",
    item_id="c1",
    document_id="a.txt",
    role="synthesizer",
    model="m",
    revision="",
    request="{}",
    raw='{"text": "雪是白的"}',
    text="雪是白的",
    reasoning="",
    finish_reason="stop",
    first_token="[]",
    prompt_tokens=10,
    completion_tokens=5,
    usage_estimated=False,
    latency_s=0.5,
    cost_usd=0.25,
)
ATTEMPT = FailedAttempt(
    utc_now(), "default", "claims", "c1", "synthesizer", "m", "k0", 500, "server_error", ""
)

WRITER = """
import os, signal, sys
from dataclasses import replace
from resources.models.response_store import ResponseStore
from tests.resources.models.test_response_store import RESPONSE
store = ResponseStore(sys.argv[1])
for i in range(int(sys.argv[3])):
    store.put([replace(RESPONSE, key=f"{sys.argv[2]}-{i}")])
print("done", flush=True)
sys.stdin.read()
"""


def writer(path: Path, name: str, count: int) -> "subprocess.Popen[str]":
    root = Path(__file__).resolve().parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), name, str(count)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    process.send_signal(number)
    process.communicate(timeout=30)


def test_what_was_put_is_read_back_whole(tmp_path: Path) -> None:
    with ResponseStore(tmp_path / "r.sqlite") as store:
        assert store.get("k0") is None
        assert store.put([RESPONSE]) == [True]
        assert store.get("k0") == RESPONSE
    with ResponseStore(tmp_path / "r.sqlite") as reopened:
        assert reopened.get("k0") == RESPONSE


def test_the_first_response_stays(store: ResponseStore) -> None:
    assert store.put([RESPONSE]) == [True]
    assert store.put([replace(RESPONSE, text="other")]) == [False]
    assert store.get("k0") == RESPONSE


def test_rows_of_all_kinds_go_in_together_and_the_first_of_a_key_stays(store: ResponseStore) -> None:
    store.put([replace(RESPONSE, key="k1")])
    many = [replace(RESPONSE, key=f"k{i}", item_id=f"c{i}") for i in (0, 1, 2, *range(2, 1200))]
    rows = [*many[:4], ATTEMPT, KnownDialect("http://x", "m", "1", utc_now()), *many[4:]]
    new = store.put(rows)
    assert [i for i, is_new in enumerate(new) if not is_new] == [1, 3]
    assert (store.totals().calls, store.totals().failed_attempts) == (1200, 1)
    assert store.get("k1199") == many[-1]


def test_what_arrives_during_a_write_goes_into_the_next_one(store: ResponseStore) -> None:
    groups: list[int] = []

    def slow(rows: list[Row]) -> list[bool]:
        groups.append(len(rows))
        time.sleep(0.1)
        return store.put(rows)

    async def keep_many() -> list[bool]:
        group = GroupCommit(slow)
        new = await asyncio.gather(*(group.put(replace(RESPONSE, key=f"k{i % 40}")) for i in range(50)))
        assert [store.get(f"k{i}") is not None for i in range(40)] == [True] * 40
        await group.close()
        return new

    assert sum(asyncio.run(keep_many())) == 40
    assert groups == [1, 49]


def test_a_response_survives_sigkill_right_after_put(tmp_path: Path) -> None:
    process = writer(tmp_path / "r.sqlite", "w", 3)
    assert process.stdout is not None
    assert process.stdout.readline() == "done\n"
    end(process, signal.SIGKILL)
    with ResponseStore(tmp_path / "r.sqlite") as store:
        assert [store.get(f"w-{i}") is not None for i in range(3)] == [True] * 3


def test_several_processes_write_and_read_one_file(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    processes = [writer(path, name, 40) for name in ("a", "b", "c")]
    with ResponseStore(path) as store:
        for i in range(40):
            store.put([replace(RESPONSE, key=f"here-{i}")])
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "done\n"
            end(process, signal.SIGTERM)
        assert store.totals().calls == 160
        assert store.get("c-39") is not None


def test_many_threads_write_at_once(store: ResponseStore) -> None:
    with ThreadPoolExecutor(16) as pool:
        wrote = list(pool.map(lambda i: store.put([replace(RESPONSE, key=f"k{i % 100}")]), range(200)))
    assert sum(new for (new,) in wrote) == 100
    assert store.totals().calls == 100


def test_one_row_that_cannot_be_written_is_an_error_for_its_writer(store: ResponseStore) -> None:
    with pytest.raises(UnicodeEncodeError):
        store.put([replace(RESPONSE, text="\ud83d")])
    assert store.put([RESPONSE]) == [True]


def test_totals_by_corpus_stage_and_time(store: ResponseStore) -> None:
    now = datetime.now(UTC)
    long_ago = (now - timedelta(days=2)).isoformat(timespec="milliseconds")
    store.put([RESPONSE])
    store.put([replace(RESPONSE, key="k1", stage="statements", cost_usd=None)])
    store.put([replace(RESPONSE, key="k2", corpus="other", created_at=long_ago)])
    store.put([replace(ATTEMPT, prompt_tokens=7, cost_usd=0.5)])

    everything = store.totals()
    assert (everything.calls, everything.failed_attempts, everything.unpriced_calls) == (3, 1, 1)
    assert (everything.prompt_tokens, everything.completion_tokens, everything.tokens) == (37, 15, 52)
    assert everything.cost_usd == pytest.approx(1.0)
    assert store.totals(corpus="default").calls == 2
    assert store.totals(corpus="default", stage="statements").cost_usd is None
    assert store.totals(since=now - timedelta(days=1)).calls == 2
    assert store.totals(corpus="nowhere").cost_usd is None


def test_dialects_are_kept_replaced_and_forgotten(store: ResponseStore) -> None:
    assert store.dialect("http://x", "m") is None
    store.put([KnownDialect("http://x", "m", "1", utc_now())])
    store.put([KnownDialect("http://x", "m", "2", utc_now())])
    assert store.dialect("http://x", "m") == "2"
    assert store.dialect("http://y", "m") is None
    store.forget_dialect("http://x", "m")
    assert store.dialect("http://x", "m") is None


def test_a_file_that_is_no_database_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    path.write_text("not a database, but long enough to look like something" * 10)
    with pytest.raises(ResponseStoreError, match="check the disk space"):
        ResponseStore(path)


def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ResponseStoreError, match="upgrade graphtutor"):
        ResponseStore(path)


def test_using_a_closed_store_is_an_error(tmp_path: Path) -> None:
    store = ResponseStore(tmp_path / "r.sqlite")
    store.close()
    with pytest.raises(ResponseStoreError):
        store.put([RESPONSE])
    with pytest.raises(ResponseStoreError):
        store.get("k0")
