"""README: what it is and how to run it fit on one screen, and its pictures are there."""

import importlib.util
import re
import xml.etree.ElementTree as ElementTree

from pytest_multicore.interpreters.built_in_workloads import BUILT_IN

from .pages import DOCS, ROOT, sections

spec = importlib.util.spec_from_file_location("terminal_picture", DOCS / "terminal_picture.py")
assert spec is not None
assert spec.loader is not None
terminal_picture = importlib.util.module_from_spec(spec)
spec.loader.exec_module(terminal_picture)

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


def test_the_terminals_picture_is_that_of_its_text_and_in_this_versions_words() -> None:
    text = (DOCS / "images/missed_limit.txt").read_text(encoding="utf-8")
    assert (DOCS / "images/missed_limit.svg").read_text(encoding="utf-8") == terminal_picture.picture(text)
    remedy = BUILT_IN["fit"].small_product_remedy
    assert remedy
    assert f"remedy {remedy} profile" in " ".join(text.split())
