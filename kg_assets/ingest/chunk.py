"""From a document to its chunks: token-limited spans, cut where the text has its joints.

How text is cut is in `strategies`, by what `structure` (headings, lists, code) and `boundaries` (sentences,
words) find in it; this module names the chunks.
"""

from bisect import bisect_right
from collections import Counter

from kg_assets.domain import Chunk, Document, fingerprint
from kg_assets.ingest.boundaries import Span, trim
from kg_assets.ingest.packing import PackedSpan
from kg_assets.ingest.pieces import CountTokens
from kg_assets.ingest.strategies import cut_region, split_at
from kg_assets.ingest.structure import Block, Outline, parse_blocks
from kg_assets.language import detect_language
from resources.configuration.settings import ChunkingSettings

CHUNKER_VERSION = "chunker-3"


def chunk_document(document: Document, settings: ChunkingSettings, count_tokens: CountTokens) -> list[Chunk]:
    """Cut a document into chunks of at most `settings.max_tokens`, in order.

    Each chunk is `document.text[start_char:end_char]`, without white space at its ends; every other
    character of the document is in at least one chunk. Where chunks end, and what of the chunk before they
    repeat, is the strategy's: see `strategies`. `heading_path` is that of the first character which is not
    repeated, whatever the strategy. Given spans (`preset_chunks`) are kept as they are, and cut only where
    they are too long.

    Args:
        document: text of any length; time is linear in it.
        settings: strategy, and limits in tokens of `count_tokens`.
        count_tokens: number of tokens of a text; called with spans of a few times the limit at most.

    Raises:
        ValueError: `count_tokens` gives more than the limit for a single character.
    """
    spans: list[tuple[PackedSpan, tuple[str, ...]]] = []
    outline: Outline = ()
    for region in _regions(document, settings):
        start, end = trim(document.text, *region)
        if start < end:
            blocks = parse_blocks(document.text, start, end, outline)
            packed = cut_region(document.text, blocks, settings, count_tokens)
            spans += [(span, _heading_path(blocks, span.new)) for span in packed]
            outline = blocks[-1].outline
    seen: Counter[str] = Counter()
    chunks = []
    for index, (span, heading_path) in enumerate(spans):
        text = document.text[span.start : span.end]
        chunks.append(
            Chunk(
                chunk_id="c" + fingerprint(document.document_id, text, seen[text]),
                document_id=document.document_id,
                document_version=document.version,
                chunk_index=index,
                start_char=span.start,
                end_char=span.end,
                text=text,
                tokens=span.tokens,
                heading_path=heading_path,
                language=detect_language(text, fallback=document.language),
            )
        )
        seen[text] += 1
    return chunks


def _regions(document: Document, settings: ChunkingSettings) -> tuple[Span, ...]:
    """The parts of the text that no chunk reaches beyond."""
    if document.preset_chunks:
        return document.preset_chunks
    if settings.strategy == "separator":
        return split_at(document.text, settings.separator)
    return ((0, len(document.text)),)


def _heading_path(blocks: list[Block], position: int) -> tuple[str, ...]:
    return blocks[bisect_right(blocks, position, key=lambda block: block.start) - 1].heading_path
