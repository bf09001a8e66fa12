"""A model server that costs next to nothing: it answers every request with the same judgement after a fixed
time. Many connections wait in one event loop, in a process of its own; the fake server of the tests, which
can do much more, has a thread for each and is slower than the client at a thousand of them.

`python -m benchmarks.model_server 0.1` prints its port and ends with its standard input.
"""

import asyncio
import json
import re
import subprocess
import sys
from typing import Self

from tests.fake_model_behaviour import Behaviour, completion

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_ASKED = {"model": "fake", "max_tokens": 1, "logprobs": True, "top_logprobs": 20}
_MOST_WAITING = 4096


class ModelServer:
    """The server as a process; `base_url` is known inside of `with`."""

    def __init__(self, latency_s: float) -> None:
        self._command = [sys.executable, "-m", "benchmarks.model_server", str(latency_s)]
        self.base_url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.base_url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(10)


class _Connection(asyncio.Protocol):
    def __init__(self, answer: bytes, latency_s: float) -> None:
        self._answer = answer
        self._latency_s = latency_s
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if end and length and len(body) >= int(length[1]):
            self._received = b""
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency_s, self._transport.write, self._answer)


def _answer() -> bytes:
    message = {"role": "user", "content": "<input>\nSnow is white.\n</input>"}
    body = json.dumps(completion(Behaviour(), {**_ASKED, "messages": [message]})).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(latency_s: float) -> None:
    answer, loop = _answer(), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: _Connection(answer, latency_s), "127.0.0.1", 0, backlog=_MOST_WAITING
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1])))
