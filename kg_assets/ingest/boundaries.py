"""Where a span of text may be cut: after sentences, clauses and words, between characters.

Every function takes `text[start:end]`, is linear in it, and gives spans without white space at their ends
that together hold every other character. What headings and lists are is in `structure`.
"""

import re
import unicodedata
from collections.abc import Iterator

Span = tuple[int, int]

_STRONG = "。！？；｡।॥۔؟።။។‼⁇⁈⁉"
_TERMINATORS = re.compile(rf"[{_STRONG}….!?．]+")
_BRACKETS = "”’»」』）】》〉〕］］)]}"
# These open and close alike.
_MARKS = re.compile(r"\"+|'+|\*+|_+|`+")
_CONTINUES = "，、,：:；;"
_PAIRS = (("“", "”"), ("「", "」"), ("『", "』"), ("（", "）"), ("《", "》"))
# Japanese goes on with the sentence that a quotation stands in: 「止めろ。」と言った。
_QUOTING = re.compile(r"って|を|など|と(?!ころ|にかく|りあえず|ても|もに|くに)")
_SPACE = re.compile(r"\s*")
_CLAUSE = re.compile(r"(?:[，、：；;—–]|[,;:](?=\s|[\u3040-\u30ff\u3400-\u9fff]))+[”’」』）】》)\]\"']*")
_WORD = re.compile(r"\S+")
_LAST_WORD = re.compile(r"[^\W\d_]+(?:\.[^\W\d_]+)*$")
_LOOK_BACK_CHARS = 24
# How far back an opening mark is looked for; a bound, so that unbalanced marks cost no more than linear time.
_QUOTATION_CHARS = 500

# Never the end of a sentence: a name or an example follows.
_TITLES = re.compile(
    r"dr|mr|mrs|ms|mx|prof|st|mt|ft|rev|hon|gen|col|lt|sgt|capt|gov|sen|rep|messrs|mme|mlle"
    r"|e\.g|i\.e|eg|ie|cf|vs|viz|cv|al|bzw|vgl|z\.b|d\.h|u\.a"
)
# No end before a number: "No. 5", "Fig. 2".
_BEFORE_NUMBERS = re.compile(
    r"no|nos|nr|figs?|vols?|pp?|ch|chap|sect?|eqs?|refs?|tab|art|ed|para?|approx|ca?|max|min"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec"
)
_ENDS_ANYWAY = frozenset({"a.m", "p.m"})


def split_sentences(text: str, start: int, end: int) -> list[Span]:
    """Sentences, each with its closing quotes and brackets.

    A stop after an abbreviation, an initial or an enumerator, inside a number, a URL or a name, and any mark
    before a lower-case letter ends none, nor does one inside quotation marks or brackets of which it is not
    the last. Chinese and Japanese marks need no white space after them.
    """
    sentences: list[Span] = []
    begin = start
    for run in _TERMINATORS.finditer(text, start, end):
        if run.start() < begin:
            continue
        cut = _sentence_end(text, begin, end, run)
        if cut is not None:
            sentences.append((begin, cut))
            begin = cut
    sentences.append((begin, end))
    return _trimmed(text, sentences)


def split_lines(text: str, start: int, end: int) -> list[Span]:
    """The lines of a span."""
    spans = []
    for line in text[start:end].split("\n"):
        spans.append((start, start + len(line)))
        start += len(line) + 1
    return _trimmed(text, spans)


def split_clauses(text: str, start: int, end: int) -> list[Span]:
    """What commas, colons, semicolons and dashes part; they stay with what is before them."""
    cuts = [_after_extenders(text, mark.end(), end) for mark in _CLAUSE.finditer(text, start, end)]
    return _trimmed(text, list(zip([start, *cuts], [*cuts, end], strict=True)))


def split_words(text: str, start: int, end: int) -> list[Span]:
    """What white space parts."""
    return [match.span() for match in _WORD.finditer(text, start, end)]


def split_characters(text: str, start: int, end: int, size: int) -> list[Span]:
    """Pieces of about `size` characters, cut between characters as a reader sees them.

    A cluster of more than four times `size` code points (no writing has them) is cut inside. White space is
    not looked for.
    """
    pieces = []
    while start < end:
        cut = min(start + size, end)
        while start < cut < end and not _is_boundary(text, cut, start):
            cut -= 1
        if cut == start:
            cut = start + size
            limit = min(start + 4 * size, end)
            while cut < limit and not _is_boundary(text, cut, start):
                cut += 1
        pieces.append((start, cut))
        start = cut
    return pieces


def _trimmed(text: str, spans: list[Span]) -> list[Span]:
    return [span for start, end in spans if (span := trim(text, start, end))[0] < span[1]]


def trim(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends; empty at `end` if there is nothing else."""
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    if left == len(part):
        return end, end
    return start + left, end - (len(part) - len(part.rstrip()))


def _sentence_end(text: str, begin: int, end: int, run: re.Match[str]) -> int | None:
    """Where the sentence from `begin` ends if the marks of `run` end it."""
    marks = run[0]
    strong = any(mark in _STRONG for mark in marks)
    cut = _after_closings(text, begin, end, run, strong)
    if cut >= end:
        return end
    if text[cut] in _CONTINUES or _inside_pair(text, begin, cut, end):
        return None
    if text[cut - 1] in "」』" and _QUOTING.match(text, cut, end):
        return None
    following = _SPACE.match(text, cut, end)
    after = following.end() if following else cut
    if after >= end:
        return end
    if strong:
        return cut
    if text[after].islower():
        return None
    if "…" in marks:
        return cut
    if after == cut:
        # No white space: only Chinese and Japanese written with ASCII marks.
        between = run.start() > begin and _is_cjk(text[run.start() - 1]) and _is_cjk(text[cut])
        return cut if between else None
    return None if marks in ".．" and _is_abbreviation(text, begin, run.start(), text[after]) else cut


def _inside_pair(text: str, begin: int, cut: int, end: int) -> bool:
    """Whether `cut` lies between an opening mark and the one that closes it, both near."""
    for opening, closing in _PAIRS:
        opened = text.rfind(opening, max(begin, cut - _QUOTATION_CHARS), cut)
        if opened >= 0 and text.find(closing, opened, cut) < 0:
            closed = text.find(closing, cut, min(end, cut + _QUOTATION_CHARS))
            if closed >= 0 and text.find(opening, cut, closed) < 0:
                return True
    return False


def _after_closings(text: str, begin: int, end: int, run: re.Match[str], strong: bool) -> int:
    """The position after the quotes and brackets that close here."""
    cut = _after_extenders(text, run.end(), end)
    while cut < end:
        mark = _MARKS.match(text, cut, end)
        if text[cut] in _BRACKETS:
            cut += 1
        elif cut > run.end() and (more := _TERMINATORS.match(text, cut, end)):
            cut = more.end()
        elif mark and (
            not strong or _closes(text, max(begin, run.start() - _QUOTATION_CHARS), mark, run.start(), end)
        ):
            cut = mark.end()
        else:
            break
    return _after_extenders(text, cut, end)


def _closes(text: str, begin: int, mark: re.Match[str], stop: int, end: int) -> bool:
    """Whether a mark that may open or close does close: nothing to open follows, or one is open."""
    if mark.end() >= end or text[mark.end()].isspace() or text[mark.end()] in _BRACKETS + _CONTINUES:
        return True
    return text.count(mark[0], begin, stop) % 2 == 1


def _is_abbreviation(text: str, begin: int, stop: int, following: str) -> bool:
    """Whether the full stop at `stop` belongs to what is before it; `following` is the next character."""
    near = text[max(begin, stop - _LOOK_BACK_CHARS) : stop]
    # "3. Close the valve": an enumerator, not a sentence.
    if stop - begin < _LOOK_BACK_CHARS and not any(map(str.isalpha, near)):
        return True
    match = _LAST_WORD.search(near)
    if match is None or match.end() != len(near):
        return False
    word = match[0].lower()
    if word in _ENDS_ANYWAY:
        return False
    initials = all(len(part) == 1 for part in word.split("."))
    # A single Han character is a word, a single capital letter an initial, but not that of 20 °C.
    if (
        initials
        and not near.endswith("°", 0, match.start())
        and (match[0].isupper() or ("." in word and word.isascii()))
    ):
        return True
    if _TITLES.fullmatch(word):
        return True
    return bool(_BEFORE_NUMBERS.fullmatch(word)) and (following.isdigit() or following in "(#")


def _is_cjk(character: str) -> bool:
    return (
        "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff" or character in "“‘「『（《【"
    )


def _after_extenders(text: str, position: int, end: int) -> int:
    """Skip accents, variation selectors and joiners, which belong to the character before them."""
    while position < end and _extends(text[position]):
        position += 1
    return position


def _extends(character: str) -> bool:
    if character < "\u0300":
        return False
    return (
        unicodedata.category(character) in ("Mn", "Mc", "Me")
        or character in "\u200c\u200d"
        or "\U0001f3fb" <= character <= "\U0001f3ff"
        or "\U000e0020" <= character <= "\U000e007f"
    )


def _is_boundary(text: str, position: int, begin: int) -> bool:
    """Whether a new user-perceived character starts here: the rules of UAX #29 that occur in practice."""
    before, after = text[position - 1], text[position]
    if _extends(after) or before == "\u200d":
        return False
    if "\u1160" <= after <= "\u11ff" or ("\u1100" <= before <= "\u115f" and "\u1100" <= after <= "\ud7a3"):
        # Hangul syllables written as single jamo.
        return not ("\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3")
    if _is_regional(before) and _is_regional(after):
        # Two of them make a flag.
        return sum(1 for _ in _regionals_before(text, position, begin)) % 2 == 0
    return True


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _regionals_before(text: str, position: int, begin: int) -> Iterator[int]:
    while position > begin and _is_regional(text[position - 1]):
        position -= 1
        yield position
