"""From pieces to chunks: filling, where to end, and what to repeat. Ids are given in `chunk`."""

from dataclasses import dataclass, replace

from kg_assets.ingest.pieces import CountTokens, Piece, cut_piece

# Token counts of joined pieces are not quite the sum; so often is the true count taken while filling.
_RECOUNTS = 3
# A sum of pieces so many times the limit is no matter of joints any more.
_FAR_ABOVE = 1.5


@dataclass(frozen=True, slots=True)
class PackedSpan:
    """A chunk to be: `start` includes the overlap, what is new begins at `new`."""

    start: int
    end: int
    tokens: int
    new: int


@dataclass(frozen=True, slots=True)
class EarlyEnds:
    """A chunk may end early, where the text does, if it is so full by then (a share of the limit): before a
    heading, before a list, a table or a paragraph that it could not hold whole but the next chunk can, and
    else before the item, row or paragraph that did not fit."""

    heading: float
    group: float
    block: float


AT_STRUCTURE = EarlyEnds(heading=1 / 2, group=1 / 4, block=3 / 4)
AT_PARAGRAPHS = EarlyEnds(heading=1, group=0, block=3 / 4)
NOWHERE = EarlyEnds(heading=1, group=1, block=1)


def pack(
    text: str, pieces: list[Piece], limit: int, overlap: int, count: CountTokens, ends: EarlyEnds
) -> list[PackedSpan]:
    """Spans of at most `limit` tokens (counted in full, not summed) that hold all pieces in order.

    Consecutive spans share up to `overlap` tokens of whole sentences, unless a heading is between them.
    A span ends in a heading only where the text ends, a gap no chunk can hold follows, or headings fill it.

    Raises:
        ValueError: `count` gives more than `limit` for a single character.
    """
    return _Packer(text, pieces, limit, overlap, count, ends).run()


class _Packer:
    """`_first` is the piece the current chunk starts with, `_lead` the first one it repeats (or `_first`)."""

    def __init__(
        self, text: str, pieces: list[Piece], limit: int, overlap: int, count: CountTokens, ends: EarlyEnds
    ) -> None:
        self._text = text
        self._pieces = list(pieces)
        self._limit = limit
        self._overlap = overlap
        self._count = count
        self._ends = ends
        self._first = 0
        self._lead = 0

    def run(self) -> list[PackedSpan]:
        packed = []
        while self._first < len(self._pieces):
            stop = self._filled()
            at_gap = stop == len(self._pieces) or self._pieces[stop].apart
            if not at_gap:
                stop = self._with_content(self._best_end(stop))
            stop, tokens = self._within_limit(stop)
            start, new = self._pieces[self._lead].start, self._pieces[self._first].start
            packed.append(PackedSpan(start, self._pieces[stop - 1].end, tokens, new))
            self._lead = self._overlap_start(stop)
            self._first = stop
        return packed

    def _exact(self, begin: int, stop: int) -> int:
        return self._count(self._text[self._pieces[begin].start : self._pieces[stop - 1].end])

    def _sum(self, begin: int, stop: int) -> int:
        return sum(piece.tokens for piece in self._pieces[begin:stop])

    def _filled(self) -> int:
        """The end of the longest chunk that fits by the sum of its pieces, with a true count now and then."""
        used = self._sum(self._lead, self._first)
        recounts = 0
        stop = self._first
        while stop < len(self._pieces):
            piece = self._pieces[stop]
            if stop > self._first and piece.apart:
                break
            if stop > self._first and used + piece.tokens > self._limit:
                if recounts == _RECOUNTS:
                    break
                recounts += 1
                used = self._exact(self._lead, stop)
                if used + piece.tokens > self._limit:
                    break
            used += piece.tokens
            stop += 1
        return stop

    def _best_end(self, stop: int) -> int:
        """Where `_ends` lets the chunk end: the last heading, else before the group that `stop` would cut,
        else the last block, else `stop`."""
        used = self._sum(self._first, stop)
        group = self._cut_group(stop)
        at_group, at_block = None, None
        for end in range(stop, self._first, -1):
            piece = self._pieces[end]
            if piece.is_heading and used >= self._ends.heading * self._limit:
                return end
            if end == group < stop and used >= self._ends.group * self._limit:
                at_group = end
            starts_block = piece.block is not self._pieces[end - 1].block
            if at_block is None and starts_block and used >= self._ends.block * self._limit:
                at_block = end
            used -= self._pieces[end - 1].tokens
        return at_group or at_block or stop

    def _cut_group(self, stop: int) -> int:
        """Where the group begins that an end at `stop` would cut although one chunk can hold it whole; `stop`
        if there is none."""
        group = self._pieces[stop].block.group
        begin = stop
        while begin > self._first and self._pieces[begin - 1].block.group == group:
            begin -= 1
        return begin if begin > self._first and self._tokens_of_group(begin) <= self._limit else stop

    def _tokens_of_group(self, begin: int) -> int:
        """Tokens of the group that begins there; of one that no chunk can hold, more than the limit."""
        pieces, stop, summed = self._pieces, begin, 0
        while stop < len(pieces) and pieces[stop].block.group == pieces[begin].block.group:
            summed += pieces[stop].tokens
            stop += 1
            if summed > _FAR_ABOVE * self._limit:
                return summed
        return self._exact(begin, stop) if summed > self._limit else summed

    def _with_content(self, stop: int) -> int:
        """An end not just behind a heading: before it, or, where only headings fit, a part further on."""
        before = stop
        while before > self._first and self._pieces[before - 1].is_heading:
            before -= 1
        if before > self._first:
            return before
        follower = self._pieces[stop]
        room = self._limit - self._exact(self._first, stop)
        if follower.is_heading or room < self._limit // 8:
            return stop
        previous_end = self._pieces[stop - 1].end
        # White space before the part takes tokens as well, hence the smaller shares.
        for share in (room, room // 2, room // 4):
            parts = cut_piece(
                self._text,
                (follower.start, follower.end),
                previous_end,
                follower.block,
                max(share, 1),
                self._count,
            )
            if not parts[0].apart and self._count(self._span(self._first, parts[0])) <= self._limit:
                self._pieces[stop : stop + 1] = [replace(part, whole=False) for part in parts]
                return stop + 1
        return stop

    def _span(self, begin: int, last: Piece) -> str:
        return self._text[self._pieces[begin].start : last.end]

    def _within_limit(self, stop: int) -> tuple[int, int]:
        """Shorten the chunk until its true count is within the limit: from its end, then its overlap."""
        while (tokens := self._exact(self._lead, stop)) > self._limit:
            if stop - 1 > self._first:
                stop = self._best_end(stop - 1)
                if self._pieces[stop - 1].is_heading:
                    stop = self._with_content(stop)
            else:
                self._lead = self._first if self._lead < self._first else self._cut_first()
        return stop, tokens

    def _cut_first(self) -> int:
        """Replace the current piece, which is alone too long, by its parts."""
        piece = self._pieces[self._first]
        if piece.end - piece.start == 1:
            character = self._text[piece.start]
            raise ValueError(f"The tokenizer needs more than {self._limit} tokens for {character!r}.")
        span = (piece.start, piece.end)
        self._pieces[self._first : self._first + 1] = cut_piece(
            self._text, span, piece.start, piece.block, self._limit, self._count
        )
        return self._first

    def _overlap_start(self, stop: int) -> int:
        """The first of the whole sentences before `stop` that the next chunk repeats; `stop` for none."""
        if stop == len(self._pieces) or self._pieces[stop].apart:
            return stop
        following = self._pieces[stop]
        room = min(self._overlap, self._limit - self._kept_together(stop))
        begin = stop
        used = 0
        while begin > self._first:
            piece = self._pieces[begin - 1]
            used += piece.tokens
            joined = begin == stop or not self._pieces[begin].apart
            same = piece.block.section == following.block.section and not piece.is_heading
            if not (joined and same and piece.whole and used <= room):
                break
            begin -= 1
        while begin < stop and self._exact(begin, stop) > self._overlap:
            begin += 1
        return begin

    def _kept_together(self, begin: int) -> int:
        """Tokens of what should not be cut from `begin` on: the group that begins there if one chunk can hold
        it, else the piece."""
        alone = self._pieces[begin].tokens
        if self._pieces[begin - 1].block.group == self._pieces[begin].block.group:
            return alone
        tokens = self._tokens_of_group(begin)
        return tokens if tokens <= self._limit else alone
