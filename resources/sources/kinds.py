"""Which kinds of files are fetched. What becomes of them is not known here."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileKinds:
    """The kinds of files that are read, by suffix in lower case with its dot.

    `by_mime_type` has the suffix of what a server says the kind of a page is; `texts` are the suffixes of
    files that need not say their encoding.
    """

    suffixes: frozenset[str]
    by_mime_type: Mapping[str, str]
    texts: frozenset[str]
