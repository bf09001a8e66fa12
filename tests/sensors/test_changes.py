"""Which corpora are due: once for each change that has come to rest."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resources.errors import SettingsError
from resources.sources.addresses import Source
from sensors.changes import (
    EMPTY,
    CorpusState,
    changed_corpora,
    polls_of,
    read_cursor,
    snapshot,
    write_cursor,
)

SETTLE_S = 5.0
TICK_S = 10.0
HOUR_S = 3600.0


class Clock:
    """Ticks of the sensor on a folder: what each tick started. The cursor goes through its text form."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.cursor: str | None = None
        self.now_s = 1_000_800.0  # when a period of HOUR_S begins
        self.sources: list[Source] = []

    def tick(self, after_s: float = TICK_S) -> list[str]:
        self.now_s += after_s
        found = snapshot(self.root, polls_of(self.sources, self.now_s, HOUR_S))
        due, states = changed_corpora(read_cursor(self.cursor), found, self.now_s, SETTLE_S)
        self.cursor = write_cursor(states)
        return due


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    root = tmp_path / "documents"
    root.mkdir()
    return Clock(root)


def write(clock: Clock, name: str, text: str = "text") -> Path:
    file = clock.root / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_a_new_corpus_is_due_when_it_has_come_to_rest_and_only_once(clock: Clock) -> None:
    write(clock, "tea/a.txt")
    assert [clock.tick() for _ in range(4)] == [[], ["tea"], [], []]


def test_ten_files_at_once_are_one_run(clock: Clock) -> None:
    for i in range(10):
        write(clock, f"tea/{i}.txt")
    assert [clock.tick() for _ in range(4)] == [[], ["tea"], [], []]


def test_files_that_keep_arriving_are_one_run_when_the_last_has_come(clock: Clock) -> None:
    started = []
    for i in range(6):
        write(clock, f"tea/{i}.txt")
        started += clock.tick(after_s=2.0)
    assert started == []
    assert [clock.tick(), clock.tick()] == [["tea"], []]


def test_a_half_copied_file_waits(clock: Clock) -> None:
    file = write(clock, "tea/a.txt", "x")
    for size in range(2, 5):
        assert clock.tick() == []
        file.write_text("x" * size)
    assert [clock.tick(), clock.tick(), clock.tick()] == [[], ["tea"], []]


def test_an_edit_of_the_same_length_is_a_change(clock: Clock) -> None:
    file = write(clock, "tea/a.txt", "aaaa")
    clock.tick(), clock.tick()
    file.write_text("bbbb")
    os.utime(file, (1, 1))
    assert [clock.tick(), clock.tick()] == [[], ["tea"]]


def test_a_removed_file_and_a_removed_corpus_are_changes_and_then_there_is_rest(clock: Clock) -> None:
    write(clock, "tea/a.txt")
    write(clock, "tea/b.txt")
    clock.tick(), clock.tick()
    (clock.root / "tea" / "b.txt").unlink()
    assert [clock.tick() for _ in range(3)] == [[], ["tea"], []]
    shutil.rmtree(clock.root / "tea")
    assert [clock.tick() for _ in range(4)] == [[], ["tea"], [], []]
    assert clock.cursor == "{}"


def test_a_corpus_that_comes_and_goes_before_it_has_come_to_rest_starts_nothing(clock: Clock) -> None:
    write(clock, "tea/a.txt")
    clock.tick()
    shutil.rmtree(clock.root / "tea")
    assert [clock.tick() for _ in range(3)] == [[], [], []]
    assert clock.cursor == "{}"


def test_only_the_corpus_that_changed_is_due(clock: Clock) -> None:
    for corpus in ("tea", "pumps", "空"):
        write(clock, f"{corpus}/a.txt")
    clock.tick()
    assert clock.tick() == ["pumps", "tea", "空"]
    write(clock, "tea/b.txt")
    assert [clock.tick(), clock.tick()] == [[], ["tea"]]


def test_files_in_the_root_are_the_default_corpus(clock: Clock) -> None:
    write(clock, "a.txt")
    assert [clock.tick(), clock.tick()] == [[], ["default"]]


def test_files_that_are_not_read_start_nothing(clock: Clock) -> None:
    write(clock, "tea/picture.png")
    write(clock, "tea/.hidden.txt")
    assert [clock.tick(), clock.tick()] == [[], []]


def test_a_restart_goes_on_from_the_cursor(clock: Clock) -> None:
    write(clock, "tea/a.txt")
    clock.tick(), clock.tick()
    again = Clock(clock.root)
    again.cursor, again.now_s = clock.cursor, clock.now_s + 86_400
    assert [again.tick(), again.tick()] == [[], []]
    write(again, "tea/b.txt")
    assert [again.tick(), again.tick()] == [[], ["tea"]]


def test_a_change_while_the_sensor_was_off_is_seen_when_it_is_on_again(clock: Clock) -> None:
    write(clock, "tea/a.txt")
    clock.tick(), clock.tick()
    write(clock, "tea/b.txt")
    assert [clock.tick(after_s=86_400), clock.tick()] == [[], ["tea"]]


def test_files_that_change_back_are_a_change_too() -> None:
    """A run for A, one for B, and one for A again, though there was one for A before."""
    states: dict[str, CorpusState] = {}
    started = []
    for tick, found in enumerate("AABBAA"):
        due, states = changed_corpora(states, {"tea": found}, tick * TICK_S, SETTLE_S)
        started += [(found, corpus) for corpus in due]
    assert started == [("A", "tea"), ("B", "tea"), ("A", "tea")]


def test_a_change_that_is_taken_back_before_it_has_come_to_rest_starts_nothing() -> None:
    states: dict[str, CorpusState] = {}
    started = []
    for tick, found in enumerate("AABAAA"):
        due, states = changed_corpora(states, {"tea": found}, tick * TICK_S, SETTLE_S)
        started += due
    assert started == ["tea"]


def test_a_clock_that_is_set_back_delays_nothing_for_long() -> None:
    _, states = changed_corpora({}, {"tea": "A"}, 1_000_000.0, SETTLE_S)
    due, states = changed_corpora(states, {"tea": "A"}, 500.0, SETTLE_S)
    assert due == []
    assert changed_corpora(states, {"tea": "A"}, 510.0, SETTLE_S)[0] == ["tea"]


def test_a_missing_documents_folder_is_an_error_and_not_the_end_of_all_corpora(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        snapshot(tmp_path / "gone")


HISTORIES = st.lists(
    st.dictionaries(st.sampled_from(["tea", "空"]), st.sampled_from("ABC"), max_size=2), max_size=12
)


@given(HISTORIES)
def test_after_any_history_everything_comes_to_rest_with_a_run_for_what_is_there(
    history: list[dict[str, str]],
) -> None:
    last = history[-1] if history else {}
    states: dict[str, CorpusState] = {}
    ran: dict[str, str] = {}
    for tick, now in enumerate([*history, last, last, last]):
        due, states = changed_corpora(read_cursor(write_cursor(states)), now, tick * TICK_S, SETTLE_S)
        for corpus in due:
            found = now.get(corpus, EMPTY)
            assert ran.get(corpus, EMPTY) != found
            ran[corpus] = found
    assert {corpus: found for corpus, found in ran.items() if found != EMPTY} == last
    assert due == []
    assert set(states) == set(last)


def page(name: str, corpus: str = "tea") -> Source:
    return Source(f"https://host/{name}", f"https://host/{name}", corpus)


def test_a_corpus_with_documents_elsewhere_is_due_once_in_every_period(clock: Clock) -> None:
    write(clock, "rice/a.txt")
    clock.sources = [page("a")]
    assert [clock.tick() for _ in range(4)] == [[], ["rice", "tea"], [], []]
    assert clock.tick(HOUR_S - 5 * TICK_S) == []
    assert [clock.tick() for _ in range(4)] == [[], ["tea"], [], []]


def test_another_source_is_a_change_and_none_any_more_is_one_too(clock: Clock) -> None:
    clock.sources = [page("a")]
    assert [clock.tick() for _ in range(3)] == [[], ["tea"], []]
    clock.sources = [page("a"), page("b")]
    assert [clock.tick() for _ in range(3)] == [[], ["tea"], []]
    clock.sources = []
    assert [clock.tick() for _ in range(3)] == [[], ["tea"], []]


def test_a_corpus_of_pages_alone_needs_no_documents_folder(clock: Clock) -> None:
    clock.root.rmdir()
    clock.sources = [page("a")]
    assert [clock.tick() for _ in range(3)] == [[], ["tea"], []]
