"""Blocks of all pages as one Markdown text, and where in it each page begins."""

from collections.abc import Sequence

from kg_assets.ingest.formats.pdf.blocks import Block, goes_on, join_text


def write_blocks(blocks: Sequence[Block]) -> tuple[str, tuple[tuple[int, int], ...]]:
    """The text and (position, page number) of each page with text. A paragraph that the end of a page cuts is
    written as one."""
    writer = _Writer()
    for block in blocks:
        writer.add(block)
    return "".join(writer.parts), tuple(writer.pages)


class _Writer:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.pages: list[tuple[int, int]] = []
        self._length = 0
        self._last: Block | None = None

    def add(self, block: Block) -> None:
        if not block.text.strip():
            return
        last, self._last = self._last, block
        if last is None:
            self._put("", _marked(block), block.page)
        elif (
            last.page != block.page
            and last.kind == block.kind == "text"
            and goes_on(self.parts[-1], last.full, block.text)
        ):
            before = self.parts.pop()
            self._length -= len(before)
            whole = join_text(before, _marked(block))
            cut = len(whole) - len(_marked(block))
            self._put(whole[:cut], whole[cut:], block.page)
            self.parts[-2:] = ["".join(self.parts[-2:])]
        else:
            self._put("\n" if last.kind == block.kind == "item" else "\n\n", _marked(block), block.page)

    def _put(self, before: str, text: str, page: int) -> None:
        self._length += len(before)
        if not self.pages or self.pages[-1][1] != page:
            self.pages.append((self._length, page))
        self.parts += [before, text]
        self._length += len(text)


def _marked(block: Block) -> str:
    if block.kind == "code":
        return f"```\n{block.text}\n```"
    if block.kind == "table":
        return block.text
    # A hyphen at a line's end whose word never went on is a hyphen after all.
    return (
        block.text.replace("\u00ad", "-")
        if block.text.count("\u00ad") and block.kind == "heading"
        else block.text
    )
