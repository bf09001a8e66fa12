"""What may stand in `documents.sources`, and what is never shown."""

import pytest

from resources.errors import SettingsError
from resources.sources.addresses import check_url, resolve_source

SECRET = "Canary-1a2b3c4d"


@pytest.mark.parametrize(
    "url",
    [
        "https://host/page.html",
        "http://127.0.0.1:8000/a?id=7&lang=de&keyword=tea",
        "s3://bucket/folder/**",
        "memory://a",
        "file:///srv/docs/**/*.pdf",
        "sftp://someone@host/docs",
        "https://${LOGIN}@host/x",
        "https://${USER}:${PASSWORD}@host/x?api_key=${KEY}",
        "https://维基/页?標題=茶",
    ],
)
def test_a_url_that_can_be_read_is_taken_as_it_is(url: str) -> None:
    assert check_url(f" {url} ") == url


@pytest.mark.parametrize(
    "url",
    ["", "page.html", "/srv/docs", "C:\\docs", "https://", "https:///x", "nothing://x", "https://a b/c",
     "https://[x/y", "zip::https://host/a.zip", "https://host/\x1b[31m"],
)  # fmt: skip
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"write a source as a URL|no URL|names no host|no protocol"):
        check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        f"https://someone:{SECRET}@host/x",
        f"https://host/x?token={SECRET}",
        f"https://host/x?page=1&API_KEY={SECRET}",
        f"https://host/x?X-Amz-Signature={SECRET}",
        f"https://host/x?sig={SECRET}",
    ],
)
def test_a_secret_in_the_file_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="environment") as refused:
        check_url(url)
    assert SECRET not in str(refused.value)


def test_variables_are_put_in_and_never_shown() -> None:
    template = "https://${USER}:${WORD}@host/x?token=${WORD}&page=2#part"
    source = resolve_source(check_url(template), "tea", {"USER": "someone", "WORD": SECRET})
    assert source.url == f"https://someone:{SECRET}@host/x?token={SECRET}&page=2#part"
    assert source.public == "https://host/x?token=${WORD}&page=2"
    assert SECRET not in repr(source)


def test_a_variable_that_is_not_set_is_named() -> None:
    with pytest.raises(SettingsError, match="variable WORD"):
        resolve_source("https://${WORD}@host/x", "tea", {})
