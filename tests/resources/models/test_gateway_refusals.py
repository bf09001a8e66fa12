"""Endpoints that refuse for good stop the run at once, in a sentence that says what to do and holds no
secret."""

from pathlib import Path
from typing import Any

import pytest

from resources.errors import CallFailed, EndpointError, SettingsError
from resources.models.gateway import Gateway
from resources.models.masking import Mask, public_url
from tests.fake_model_server import FakeModelServer
from tests.resources.models.asking import CANARY_KEY, MakeGateway, chat, statements


@pytest.mark.parametrize(
    ("behaviour", "advice"),
    [
        ({"api_key": "another-key-entirely"}, "set SYNTHESIZER_API_KEY"),
        ({"status": 402, "message": "Insufficient Balance"}, "top up the account"),
        ({"status": 403, "message": "Not allowed"}, "may not use this model"),
        ({"only_listed_models": True, "models": ["other"]}, "check SYNTHESIZER_MODEL"),
        ({"no_chat": 404}, "a chat model"),
        ({"no_chat": 400}, "must be a chat model"),
        ({"status": 400, "message": "Model fake-model does not exist"}, "SYNTHESIZER_MODEL"),
        ({"script": ["quota"]}, "quota is used up"),
        ({"script": ["web_page"]}, "web page"),
    ],
)
def test_a_refusal_of_everything_stops_at_once(
    gateway: Gateway, server: FakeModelServer, behaviour: dict[str, Any], advice: str
) -> None:
    server.configure(**behaviour)
    with pytest.raises(EndpointError, match=advice):
        gateway.ask_and_wait(chat())
    assert server.count() == 1


def test_a_wrong_route_is_explained(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    with pytest.raises(EndpointError, match="usually ends in /v1"):
        make_gateway(base_url=server.base_url.removesuffix("/v1")).ask_and_wait(chat())


def test_a_refused_key_stops_all_threads_with_one_error(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(api_key="another-key-entirely")
    with pytest.raises(EndpointError):
        list(gateway.map(range(5000), lambda i, ask: ask(chat(f"Say {i}"))))
    assert server.count() <= 2 * gateway.concurrency


def every_text(error: BaseException | None) -> str:
    """All that a log could show of an error, with causes and contexts."""
    texts = []
    while error is not None:
        texts.append(f"{error} {error!r} {error.args} {getattr(error, 'raw', '')}")
        error = error.__cause__ or error.__context__
    return "\n".join(texts)


def assert_no_secret(text: str) -> None:
    pieces = [CANARY_KEY[i : i + 8] for i in range(3, len(CANARY_KEY) - 8)]
    assert not [piece for piece in pieces if piece in text]
    assert CANARY_KEY[-4:] not in text


def test_a_key_that_is_echoed_is_masked(gateway: Gateway, server: FakeModelServer) -> None:
    server.configure(api_key="another-key-entirely")
    with pytest.raises(EndpointError) as refused:
        gateway.ask_and_wait(chat())
    assert "Incorrect API key" in str(refused.value)
    assert_no_secret(every_text(refused.value))
    server.reset()
    server.configure(script=["bad_request"], status=422, message=f"Do not send Bearer {CANARY_KEY}!")
    with pytest.raises(CallFailed) as failed:
        gateway.ask_and_wait(chat("other"))
    assert_no_secret(every_text(failed.value))
    assert_no_secret(repr(gateway) + repr(vars(gateway)))


def test_the_key_is_in_no_file_of_the_store(
    gateway: Gateway, server: FakeModelServer, tmp_path: Path
) -> None:
    server.configure(canned=[["tell", f"Your key is {CANARY_KEY}."]], script=["ok", "server_error"])
    assert gateway.ask_and_wait(chat("tell me")).text == "Your key is [key]."
    gateway.ask_and_wait(statements())
    server.configure(api_key="another-key-entirely")
    with pytest.raises(EndpointError):
        gateway.ask_and_wait(chat("refused"))
    gateway.close()
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 2
    for file in files:
        assert CANARY_KEY[6:].encode() not in file.read_bytes()


def test_a_password_in_the_url_is_shown_nowhere(make_gateway: MakeGateway, server: FakeModelServer) -> None:
    url = server.base_url.replace("http://", "http://user:pass-canary-1234@")
    gateway = make_gateway(base_url=url)
    assert gateway.ask_and_wait(chat()).text
    server.configure(status=401, message=f"No entry for {url}")
    with pytest.raises(EndpointError) as refused:
        gateway.ask_and_wait(chat("other"))
    assert "pass-canary" not in every_text(refused.value) + repr(gateway)
    assert public_url(url) == server.base_url


@pytest.mark.parametrize("key", ["sk-with-ümlaut", "sk-two\nlines", "two words"])
def test_a_key_that_is_none_is_named_and_not_shown(make_gateway: MakeGateway, key: str) -> None:
    with pytest.raises(SettingsError, match="SYNTHESIZER_API_KEY") as refused:
        make_gateway(api_key=key)
    assert key not in str(refused.value)


def test_white_space_round_a_key_and_no_key_are_fine(
    make_gateway: MakeGateway, server: FakeModelServer
) -> None:
    server.configure(api_key=CANARY_KEY)
    assert make_gateway(api_key=f" {CANARY_KEY}\n").ask_and_wait(chat()).text
    server.configure(api_key="")
    assert make_gateway(api_key=None).ask_and_wait(chat("no key")).text
    assert make_gateway(api_key="").ask_and_wait(chat("empty key")).text


@pytest.mark.parametrize("url", ["", "localhost:8000/v1", "ftp://host/v1", "http://"])
def test_an_address_that_is_none_is_named(make_gateway: MakeGateway, url: str) -> None:
    with pytest.raises(SettingsError, match="SYNTHESIZER_BASE_URL"):
        make_gateway(base_url=url)


def test_a_placeholder_key_does_not_garble_texts() -> None:
    assert Mask("none", "http://x").error("none of them") == "none of them"
    assert Mask("none", "http://x").stored("none of them") == "none of them"


def test_masking_of_whole_partial_and_starred_keys() -> None:
    mask = Mask(CANARY_KEY, "http://x")
    for echo in (CANARY_KEY, CANARY_KEY[:14], CANARY_KEY[10:], f"{CANARY_KEY[:7]}****{CANARY_KEY[-4:]}"):
        masked = mask.error(f"Wrong key {echo}, sorry")
        assert masked.startswith("Wrong key [key]")
        assert_no_secret(masked)
