"""Where a remote document is: the addresses of `documents.sources`, what may stand in them, and how they are
shown. Nothing is fetched here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from resources.errors import SettingsError

WEB = ("http", "https")
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_SECRET_NAME = re.compile(
    r".*(token|secret|password|passwd|signature|credential)|(x|api|access)*key|sig|pwd|auth"
)


@dataclass(frozen=True, slots=True)
class Source:
    """A page, file, folder or pattern of `documents.sources`.

    `url` is what is asked for, `public` how it is named everywhere: as in the configuration file, where
    variables stand for what is secret. `secrets` are their values.
    """

    url: str = field(repr=False)
    public: str
    corpus: str
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def is_web_page(self) -> bool:
        """Whether it is one page of a web server; all else is listed and read through fsspec."""
        return urlsplit(self.url).scheme in WEB


def check_url(url: str) -> str:
    """The URL as a configuration file may hold it.

    Raises:
        ValueError: it is no URL that can be read, or holds a secret; the message does not repeat it.
    """
    url = url.strip()
    if re.search(r"[\s\x00-\x1f\x7f]", url) or not re.match(r"[a-z][a-z0-9+.-]*://.", url):
        raise ValueError("write a source as a URL, such as https://host/page.html or s3://bucket/folder/**")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("this is no URL: check its brackets") from None
    _check_scheme(parts.scheme)
    if parts.scheme in WEB and not parts.netloc.rpartition("@")[2]:
        raise ValueError("the URL names no host")
    if ":" in parts.netloc.rpartition("@")[0] and not _only_variables(parts.netloc.rpartition("@")[0]):
        raise ValueError(
            "a password does not belong in a configuration file: put it into the environment or into .env "
            "and write its name, as in https://${WIKI_USER}:${WIKI_PASSWORD}@host/page.html"
        )
    for name, value in parse_qsl(parts.query, keep_blank_values=True):
        if _SECRET_NAME.fullmatch(re.sub(r"[^a-z]", "", name.lower())) and not _only_variables(value):
            raise ValueError(
                f"{name} looks like a secret, which does not belong in a configuration file: put it into the "
                f"environment or into .env and write its name, as in {name}=${{MY_TOKEN}}"
            )
    return url


def resolve_source(url: str, corpus: str, variables: Mapping[str, str]) -> Source:
    """The source of a checked URL with the values of its variables.

    Raises:
        SettingsError: a variable is not set.
    """
    values = []
    for name in _VARIABLE.findall(url):
        if not variables.get(name):
            raise SettingsError(
                f"documents.sources names the variable {name}, which is not set: set it in the environment "
                "or in .env."
            )
        values.append(variables[name])
    return Source(
        _VARIABLE.sub(lambda found: variables[found[1]], url), public_name(url), corpus, tuple(values)
    )


def public_name(url: str) -> str:
    """The URL without user, password and fragment."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, parts.query, ""))


def _check_scheme(scheme: str) -> None:
    if scheme in WEB:
        return
    from fsspec.registry import known_implementations  # loading it takes a tenth of a second

    if scheme not in known_implementations:
        raise ValueError(f"{scheme} is no protocol that fsspec knows; https, s3, gs, abfs and sftp are some")


def _only_variables(text: str) -> bool:
    return all(not part or _VARIABLE.fullmatch(part) for part in text.split(":"))
