"""README: what it is and how to run it fit on one screen, and its pictures are there."""

import re
import xml.etree.ElementTree as ElementTree

from .pages import DOCS, ROOT, sections

README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"^!\[[^\]]+\]\(([^)\s]+)\)$", README, re.MULTILINE)
#: Of a screen of 1080 pixels under a browser's own bars, in lines of code; a picture is drawn at its own height.
SCREEN_LINES, LINE_PX = 50, 18


def height_in_lines(picture: str) -> float:
    return float(ElementTree.parse(ROOT / picture).getroot().attrib["height"]) / LINE_PX  # noqa: S314


def test_what_stands_before_run_it_fits_on_one_screen() -> None:
    before, _, _ = README.partition("## Run it\n")
    assert before != README
    shown = [picture for picture in PICTURES if picture in before]
    assert len(before.splitlines()) + sum(map(height_in_lines, shown)) <= SCREEN_LINES


def test_its_pictures_are_there() -> None:
    assert len(PICTURES) > 1
    assert [picture for picture in PICTURES if not (ROOT / picture).is_file()] == []


def test_it_leads_to_every_page() -> None:
    """Once, in one section: a page that no list names is not found."""
    leading = re.findall(r"\((docs/[\w/-]+\.md)\)", sections(README)["Where to read on"])
    pages = [f"docs/{file.relative_to(DOCS)}" for file in DOCS.glob("*/*.md")]
    assert len(pages) > 30, "the search finds next to nothing"
    assert sorted(leading) == sorted(pages)
