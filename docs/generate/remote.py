"""The site must not fetch anything from elsewhere: no font, script, style or picture."""

import re
from pathlib import Path

REMOTE = re.compile(
    r"""<(?:script|img|iframe|source|video|audio|embed)\b[^>]*?\ssrc=["']?(?:https?:)?//[^\s"'>]+"""
    r"""|<link\b(?![^>]*\brel=["']?(?:canonical|alternate|next|prev))[^>]*?\shref=["']?(?:https?:)?//[^\s"'>]+"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//[^\s"')]+"""
    r"""|url\(["']?(?:https?:)?//[^\s"')]+""",
    re.IGNORECASE,
)


def remote_assets(site: Path) -> list[str]:
    """What a page or a style of the built site would fetch from another machine, each with its file."""
    return [
        f"{file.relative_to(site)}: {found.group()}"
        for file in sorted(site.rglob("*"))
        if file.suffix in (".html", ".css", ".svg")
        for found in REMOTE.finditer(file.read_text("utf-8"))
    ]
