"""From a document to its chunks: token-limited spans, cut where the text has its joints.

How text is cut is in `structure` (headings, lists, code), `boundaries` (sentences, words), `pieces` and
`packing`; this module puts them together and names the chunks.
"""

from collections import Counter

from kg_assets.domain import Chunk, Document, fingerprint
from kg_assets.ingest.boundaries import Span, trim
from kg_assets.ingest.language import detect_language
from kg_assets.ingest.packing import PackedSpan, pack
from kg_assets.ingest.pieces import CountTokens, make_pieces
from kg_assets.ingest.structure import Outline, parse_blocks
from resources.settings import ChunkingSettings

CHUNKER_VERSION = "chunker-1"


def chunk_document(document: Document, settings: ChunkingSettings, count_tokens: CountTokens) -> list[Chunk]:
    """Cut a document into chunks of at most `settings.max_tokens`, in order.

    Each chunk is `document.text[start_char:end_char]`, without white space at its ends; every other
    character of the document is in at least one chunk. A chunk is filled, but if the rest does not fit, it
    ends before the last heading that finds it half full, or else the last paragraph that finds it three
    quarters full. Whole sentences from the end of the previous chunk, up to `settings.overlap_tokens`, are
    repeated unless a heading is between. `heading_path` is that of the first character which is not
    repeated. Given spans (`preset_chunks`) are kept as they are, and cut only where they are too long.

    Args:
        document: text of any length; time is linear in it.
        settings: limits, in tokens of `count_tokens`.
        count_tokens: number of tokens of a text; called with spans of a few times the limit at most.

    Raises:
        ValueError: `count_tokens` gives more than the limit for a single character.
    """
    regions = document.preset_chunks or ((0, len(document.text)),)
    outline: Outline = ()
    spans: list[PackedSpan] = []
    for region in regions:
        packed, outline = _pack_region(document.text, region, outline, settings, count_tokens)
        spans += packed
    seen: Counter[str] = Counter()
    chunks = []
    for index, span in enumerate(spans):
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
                heading_path=span.first.block.heading_path,
                language=detect_language(text, fallback=document.language),
            )
        )
        seen[text] += 1
    return chunks


def _pack_region(
    text: str, region: Span, outline: Outline, settings: ChunkingSettings, count_tokens: CountTokens
) -> tuple[list[PackedSpan], Outline]:
    """The chunks of one region and the headings that the next one stands under."""
    start, end = trim(text, *region)
    if start == end:
        return [], outline
    blocks = parse_blocks(text, start, end, outline)
    pieces = make_pieces(text, blocks, settings.max_tokens, count_tokens)
    packed = pack(text, pieces, settings.max_tokens, settings.overlap_tokens, count_tokens)
    return packed, blocks[-1].outline
