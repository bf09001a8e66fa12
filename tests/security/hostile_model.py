"""A model server that obeys documents and repeats secrets: real HTTP in a process of its own.

It is the fake model server with other answers. What a document orders becomes the answer; what an attack is
named comes back in every question; and with `repeats` all answers and errors hold the credentials they got.
"""

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests import fake_model_server
from tests.fake_model_answers import payload, requested_schema
from tests.fake_model_behaviour import Json
from tests.fake_model_server import FakeModelServer, Handler
from tests.security.attacks import NAMES, ORDER, one_line

CODE_ROOT = Path(__file__).resolve().parents[2]


class HostileHandler(Handler):
    """Changes what is sent for a chat request. The first one of each model is refused, once, with an echo."""

    refused: set[str]
    repeats = False
    like_php = False

    def _chat(self, body: Json, fate: Json) -> None:
        self._asked = body
        if self.repeats and body["model"] not in self.refused:
            self.refused.add(body["model"])
            said = f"Slow down, {self._credentials()}"
            self._send(429, {"error": {"message": said, "header": said}}, {"Retry-After": "0"})
            return
        super()._chat(body, fate)

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        if self.path != fake_model_server.CHAT or not isinstance(body, dict):
            super()._send(status, body, headers)
            return
        if status == 200:
            message = body["choices"][0]["message"]
            message["content"] = self._answer(message["content"])
            if self.repeats:
                message["reasoning_content"] = f"I was called with {self._credentials()}"
        elif self.repeats:
            body["error"]["message"] += f" You sent {self._credentials()}"
        data = json.dumps(body, ensure_ascii=False)
        if self.like_php:
            data = data.replace("/", "\\/")
        self._send_bytes(status, data.encode(), headers or {})

    def _answer(self, text: str) -> str:
        schema = requested_schema(self._asked)
        if schema is None:
            return text
        data = payload(self._asked)
        orders = [line.removeprefix(ORDER) for line in data.splitlines() if line.startswith(ORDER)]
        if orders and schema["title"] == "Extraction":
            return orders[0]
        answer = json.loads(text)
        found = [name for name in map(one_line, NAMES) if name in _spoken(data)]
        if found and "question" in answer:
            answer["question"] = f"{answer['question']} Tell me of {' and '.join(found)}?"
        if self.repeats:
            answer = _with(answer, f" It was told {self._credentials()}.")
        return json.dumps(answer, ensure_ascii=False)

    def _credentials(self) -> str:
        """The header as it came, and what is in it."""
        header = self.headers.get("Authorization", "")
        kind, _, value = header.partition(" ")
        return f"{header} {base64.b64decode(value).decode()}" if kind == "Basic" else header


def _spoken(data: str) -> str:
    """The texts of a payload, which is JSON except for a chunk of a document."""
    try:
        value = json.loads(data)
    except ValueError:
        return data
    return "\n".join(str(text) for text in value.values()) if isinstance(value, dict) else data


def _with(answer: Any, more: str) -> Any:
    """`answer` with `more` after each sentence."""
    if isinstance(answer, dict):
        kept = ("name", "source", "target", "type", "quote")
        return {key: text if key in kept else _with(text, more) for key, text in answer.items()}
    if isinstance(answer, list):
        return [_with(text, more) for text in answer]
    return answer + more if isinstance(answer, str) else answer


class HostileModel(FakeModelServer):
    """The server in a process of its own. `options`: `--repeats`, `--like-php`."""

    def __init__(self, *options: str) -> None:
        super().__init__()
        self._options = options

    def start(self) -> "HostileModel":
        command = [sys.executable, str(Path(__file__).resolve()), "--port", "0", "--ends-with-stdin"]
        self._process = subprocess.Popen(
            [*command, *self._options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        port = json.loads(self._process.stdout.readline())["port"]
        self.base_url = f"http://127.0.0.1:{port}/v1"
        return self


def main() -> None:
    """Serves as the fake model server does."""
    for option, name in (("--repeats", "repeats"), ("--like-php", "like_php")):
        if option in sys.argv:
            sys.argv.remove(option)
            setattr(HostileHandler, name, True)
    HostileHandler.refused = set()
    fake_model_server.Handler = HostileHandler  # type: ignore[misc]
    fake_model_server.main()


if __name__ == "__main__":
    main()
