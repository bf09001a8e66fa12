"""Zip archives, which Word, Excel, PowerPoint and EPUB files are: opened only if what is in them is sane."""

import zipfile
from pathlib import Path

from kg_assets.ingest.decode import Rejected
from kg_assets.ingest.formats.parsed import CORRUPT, ENCRYPTED

_MAX_BYTES = 500_000_000
_MAX_MEMBERS = 50_000
# Text packs 20 to 1; what packs better than this and is large is made to fill memory.
_MAX_RATIO = 200
_RATIO_FROM_BYTES = 20_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
BOMB = Rejected(
    "zip_bomb",
    "It unpacks to far more than a document of its size holds; if it is real, save it again with "
    "fewer pictures or in parts.",
)


def open_archive(path: Path) -> zipfile.ZipFile | Rejected:
    """The archive, or why it is not opened. Office files with a password are no archives."""
    with path.open("rb") as file:
        if file.read(len(_OLE)) == _OLE:
            return Rejected(
                "encrypted",
                "It is protected with a password or in the format of before 2007; save it as a new, "
                "unprotected file.",
            )
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return CORRUPT
    members = archive.infolist()
    total = sum(member.file_size for member in members)
    packed = max(sum(member.compress_size for member in members), 1)
    rejected = None
    too_dense = total > _RATIO_FROM_BYTES and total > _MAX_RATIO * packed
    if too_dense or len(members) > _MAX_MEMBERS or total > _MAX_BYTES:
        rejected = BOMB
    elif any(member.flag_bits & 1 for member in members):
        rejected = ENCRYPTED
    if rejected is not None:
        archive.close()
        return rejected
    return archive
