"""The site without what is generated: formulas without a script, nothing fetched from elsewhere."""

import re
from pathlib import Path

import pytest

from docs.generate.formulas import as_mathml
from docs.generate.remote import remote_assets


def test_formulas_become_mathml() -> None:
    html = as_mathml(r'<p>a <span class="arithmatex">\(p_1 &lt; 2\)</span></p>')
    assert html.startswith("<p>a <math")
    assert "arithmatex" not in html
    assert 'display="block"' in as_mathml('<div class="arithmatex">\\[\nx\n\\]</div>')


@pytest.mark.parametrize(
    ("text", "is_remote"),
    [
        ('<script src="https://cdn.example.org/a.js"></script>', True),
        ('<link rel="stylesheet" href="//fonts.example.org/css">', True),
        ("<img alt=x src=http://example.org/a.png>", True),
        ("<style>@import url(https://example.org/a.css)</style>", True),
        ('<a href="https://example.org">a link is followed by people only</a>', False),
        ('<link rel="canonical" href="https://example.org/">', False),
        ('<script src="../assets/a.js"></script><img src="a.png">', False),
    ],
)
def test_what_a_page_would_fetch_from_elsewhere_is_found(tmp_path: Path, text: str, is_remote: bool) -> None:
    (tmp_path / "a.html").write_text(text, "utf-8")
    assert bool(remote_assets(tmp_path)) is is_remote


@pytest.mark.parametrize("name", ["README.md", "README.zh.md"])
def test_a_readme_fits_a_screen_and_a_half_and_its_links_lead_somewhere(name: str) -> None:
    root = Path(__file__).parents[2]
    text = (root / name).read_text("utf-8")
    assert len(text.splitlines()) <= 90
    assert "make demo" in text
    assert "make test" in text
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (root / target).exists(), target
