"""Which errors are told in a sentence, and which are bugs."""

import sqlite3

import pytest

from dagster_project.failures import sentence_for
from resources.errors import GraphError, SettingsError


def _raised(*errors: Exception, cause: bool) -> Exception:
    """The last of `errors`, each raised because of the one before it, or while that one was handled."""
    current: Exception | None = None
    for error in errors:
        try:
            if current is None:
                raise error
            try:
                raise current
            except Exception as before:
                if cause:
                    raise error from before
                raise error  # noqa: B904
        except Exception as caught:
            current = caught
    assert current is not None
    return current


def test_an_error_of_ours_is_its_own_sentence() -> None:
    assert sentence_for(SettingsError("Do this.")) == "Do this."


def test_what_wraps_an_error_of_ours_is_not_shown() -> None:
    wrapped = _raised(SettingsError("Do this."), RuntimeError("step failed"), cause=True)
    assert sentence_for(wrapped) == "Do this."


@pytest.mark.parametrize(
    "bug", [ValueError("x"), RuntimeError("x"), AssertionError("x"), OSError("no number")]
)
def test_a_bug_has_no_sentence(bug: Exception) -> None:
    assert sentence_for(bug) is None


def test_a_bug_while_an_error_of_ours_was_handled_is_a_bug() -> None:
    assert sentence_for(_raised(SettingsError("Do this."), KeyError("x"), cause=False)) is None


def test_a_system_error_says_what_and_where() -> None:
    sentence = sentence_for(PermissionError(13, "Permission denied", "/data"))
    assert sentence is not None
    assert "Permission denied (/data)" in sentence


def test_an_error_that_dagster_could_not_store_comes_before_dagsters_own() -> None:
    stored = _raised(GraphError("The graph is full."), sqlite3.OperationalError("disk is full"), cause=False)
    assert sentence_for(stored) == "The graph is full."
    assert "disk is full" in str(sentence_for(sqlite3.OperationalError("disk is full")))
