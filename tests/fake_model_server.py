"""A model server that is only a fake: real HTTP in a process of its own, OpenAI's routes, and every fault a
real endpoint has been seen with.

`python tests/fake_model_server.py --port 0` prints `{"port": …}`. Tests use the handle `FakeModelServer`.
What it can be told to do is in `fake_model_behaviour`, what it says in `fake_model_answers`.
"""

import argparse
import dataclasses
import json
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.fake_embeddings import embeddings, spoil
from tests.fake_model_behaviour import (
    Behaviour,
    Json,
    Refused,
    State,
    check_access,
    check_parameters,
    completion,
)

CHAT = "/v1/chat/completions"
EMBEDDINGS = "/v1/embeddings"


class Handler(BaseHTTPRequestHandler):
    """Routes: chat, embeddings, models, and `/control/…` for the handle."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: State

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            models = [{"id": name, "object": "model"} for name in self.state.behaviour.models]
            self._send(200, {"object": "list", "data": models})
        elif self.path == "/control/requests":
            self._send(200, self.state.requests)
        elif self.path == "/control/stats":
            self._send(200, {"count": len(self.state.requests), "most_in_flight": self.state.most_in_flight})
        else:
            self._send(404, {"error": {"message": f"no route {self.path}"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        if self.path == "/control/configure":
            self.state.configure(body)
            self._send(200, {})
        elif self.path == "/control/reset":
            self.state.reset()
            self._send(200, {})
        elif self.path in (CHAT, EMBEDDINGS):
            fate = self.state.begin({k.lower(): v for k, v in self.headers.items()}, body)
            try:
                (self._chat if self.path == CHAT else self._embeddings)(body, fate)
            finally:
                self.state.end()
        else:
            self._send(404, {"error": {"message": f"no route {self.path}"}})

    def _embeddings(self, body: Json, fate: Json) -> None:
        behaviour, fault = self.state.behaviour, fate["fault"]
        if self._is_refused(behaviour, body, fate):
            return
        answer = embeddings(behaviour, body)
        if fault == "half":
            self._send_half(answer, hang_s=0)
        elif fault == "not_json":
            self._send_bytes(200, b'{"data": [{"embedding": ', {})
        else:
            spoil(answer["data"], fault)
            self._send(200, answer)
            self.state.answered(fate["number"])

    def _is_refused(self, behaviour: Behaviour, body: Json, fate: Json) -> bool:
        """Faults that do not depend on the answer, and what this endpoint does not take; True if one of them
        was sent."""
        time.sleep(behaviour.latency_s)
        try:
            check_access(behaviour, body, self.headers.get("Authorization", ""))
            if self._fails(fate, behaviour):
                return True
            check_parameters(behaviour, body)
        except Refused as refusal:
            self._send(refusal.status, refusal.body)
            return True
        return False

    def _chat(self, body: Json, fate: Json) -> None:
        behaviour = self.state.behaviour
        if self._is_refused(behaviour, body, fate):
            return
        answer = completion(behaviour, body)
        choice = answer["choices"][0]
        fault = fate["fault"]
        if fault == "truncated":
            text = choice["message"]["content"]
            choice |= {
                "finish_reason": "length",
                "message": {"role": "assistant", "content": text[: len(text) // 2]},
            }
        elif fault == "empty":
            choice["message"]["content"] = ""
        elif fault == "empty_truncated":
            choice |= {"finish_reason": "length", "message": {"role": "assistant", "content": ""}}
        elif fault == "content_filter":
            choice |= {"finish_reason": "content_filter", "message": {"role": "assistant", "content": ""}}
        elif fault == "refusal":
            choice["message"] = {"role": "assistant", "content": None, "refusal": "I cannot help with that."}
        elif fault in ("half", "half_hang"):
            self._send_half(answer, hang_s=behaviour.hang_s if fault == "half_hang" else 0)
            return
        elif fault == "not_json":
            self._send_bytes(200, b'{"choices": [{"message": ', {})
            return
        elif fault == "web_page":
            self._send_bytes(200, b"<!doctype html><title>Welcome</title>", {})
            return
        self._send(200, answer)
        self.state.answered(fate["number"])

    def _fails(self, fate: Json, behaviour: Behaviour) -> bool:
        """Faults that do not depend on the answer; True if that was all."""
        fault = fate["fault"]
        after = fate.get("retry_after", behaviour.retry_after)
        headers = {"Retry-After": after} if after else {}
        if "retry_after_ms" in fate:
            headers["retry-after-ms"] = fate["retry_after_ms"]
        errors = {
            "rate_limit": (429, "Rate limit reached for requests", "rate_limit_exceeded"),
            "quota": (429, "You exceeded your current quota, please check your plan", "insufficient_quota"),
            "server_error": (500, "The server had an error", None),
            "unavailable": (503, "Loading model", None),
            "timeout_status": (408, "Request timeout", None),
            "conflict": (409, "Conflict", None),
            "bad_request": (400, "messages: something is wrong with them", None),
            "too_long": (
                400,
                "This model's maximum context length is 4096 tokens",
                "context_length_exceeded",
            ),
            "filtered": (400, "The prompt was stopped by the content management policy", "content_filter"),
        }
        if fault in errors:
            status, message, code = errors[fault]
            self._send(status, {"error": {"message": message, "code": code, "type": "error"}}, headers)
        elif fault == "error_in_body":
            self._send(200, {"error": {"message": "Provider returned error", "code": 502}})
        elif fault == "hang":
            time.sleep(behaviour.hang_s)
            self.close_connection = True
        elif fault == "drop":
            self._hang_up()
        else:
            return False
        return True

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        try:
            data = json.dumps(body, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            data = json.dumps(body).encode()
        self._send_bytes(status, data, headers or {})

    def _send_bytes(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _send_half(self, body: Any, *, hang_s: float) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        time.sleep(hang_s)
        self._hang_up()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


class FakeModelServer:
    """The server in a process of its own, which ends with this one."""

    def __init__(self, **behaviour: Any) -> None:
        self._behaviour = behaviour
        self._process: subprocess.Popen[str] | None = None
        self.base_url = ""

    def __enter__(self) -> "FakeModelServer":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> "FakeModelServer":
        """Starts the process and waits for its port."""
        command = [sys.executable, str(Path(__file__).resolve()), "--port", "0", "--ends-with-stdin"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        port = json.loads(_pipe(self._process.stdout).readline())["port"]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        if self._behaviour:
            self.configure(**self._behaviour)
        return self

    def stop(self) -> None:
        """Ends the process."""
        if self._process is not None:
            _pipe(self._process.stdin).close()
            self._process.wait(60)
            _pipe(self._process.stdout).close()
            self._process = None

    def kill(self) -> None:
        """Ends the process as a crash would."""
        if self._process is not None:
            self._process.kill()
            self.stop()

    def configure(self, **behaviour: Any) -> None:
        """Changes the named parts of the Behaviour, the others stay."""
        unknown = set(behaviour) - {f.name for f in dataclasses.fields(Behaviour)}
        if unknown:
            raise TypeError(f"the fake model server has no {', '.join(sorted(unknown))}")
        self._control("configure", behaviour)

    def reset(self) -> None:
        """Default behaviour and an empty record."""
        self._control("reset", {})

    def requests(self) -> list[Json]:
        """Model requests in order of arrival: `headers` (lower case), `body` and its
        `digest`, `fault`, `at`, and `answered_at`, None where no answer was sent whole."""
        requests: list[Json] = self._control("requests")
        return requests

    def bodies(self) -> list[Json]:
        """The bodies of `requests`."""
        return [request["body"] for request in self.requests()]

    def count(self) -> int:
        """How many model requests have arrived."""
        return int(self._control("stats")["count"])

    def most_in_flight(self) -> int:
        """How many model requests were ever under way at once."""
        return int(self._control("stats")["most_in_flight"])

    def _control(self, route: str, body: Json | None = None) -> Any:
        url = self.base_url.removesuffix("/v1") + f"/control/{route}"
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, data=data), timeout=30) as response:
            return json.load(response)


def _pipe(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise RuntimeError("the process has no pipe")
    return pipe


def main() -> None:
    """Serves until its standard input ends or it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 for a free one")
    parser.add_argument("--behaviour", default="{}", help="JSON of fields of Behaviour")
    parser.add_argument("--ends-with-stdin", action="store_true", help="stop when standard input is closed")
    arguments = parser.parse_args()
    Handler.state = State()
    Handler.state.configure(json.loads(arguments.behaviour))
    ThreadingHTTPServer.request_queue_size = 1024
    ThreadingHTTPServer.daemon_threads = True
    server = ThreadingHTTPServer(("127.0.0.1", arguments.port), Handler)
    print(json.dumps({"port": server.server_address[1]}), flush=True)
    if arguments.ends_with_stdin:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdin.read()
        server.shutdown()
    else:
        server.serve_forever()


if __name__ == "__main__":
    main()
