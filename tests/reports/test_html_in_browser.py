"""The page in headless Chromium, by the browser's own geometry: wide and narrow, light and dark, and on paper."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

from pytest_multicore.reports.html.page import write_html

from .page_reports import every_kind, hostile

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

    Opened = Callable[..., Page]

GEOMETRY = Path(__file__).with_name("geometry.js").read_text(encoding="utf-8")
#: Names of the browser's program, by the packages of distributions.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
#: CSS pixels: a desk's and a phone's window.
WIDTHS = {"wide": 1280, "narrow": 390}
Scheme = Literal["light", "dark"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium is installed: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="playwright (extra `test`) is not installed")
    with api.sync_playwright() as playwright:
        # Root has no sandbox for the browser; the page is this test's own.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = playwright.chromium.launch(executable_path=program, args=options)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The pages to look at."""
    folder = tmp_path_factory.mktemp("pages")
    made = {"every kind": (folder / "kinds.html", every_kind()), "hostile": (folder / "hostile.html", hostile())}
    for file, report in made.values():
        write_html(file, report)
    return {name: file for name, (file, _) in made.items()}


@pytest.fixture
def opened(browser: Browser, files: dict[str, Path]) -> Iterator[Opened]:
    """Opens one of the pages in a window of a width; whatever else it fetches, or runs, fails the test."""
    pages: list[Page] = []
    requested: list[str] = []
    told: list[str] = []

    def opened(name: str, width: int, scheme: Scheme = "light") -> Page:
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        pages.append(page)
        page.on("request", lambda request: requested.append(request.url))
        page.on("dialog", lambda dialog: told.append(dialog.message))
        page.on("console", lambda message: told.append(message.text))
        page.on("pageerror", lambda error: told.append(error.message))
        page.goto(files[name].as_uri())
        return page

    yield opened
    for page in pages:
        page.close()
    assert (len(requested), told) == (len(pages), [])


def faults(page: Page) -> list[str]:
    found: list[str] = page.evaluate(GEOMETRY)
    return found


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
@pytest.mark.parametrize("name", ["every kind", "hostile"])
def test_nothing_overlaps_is_cut_off_or_hard_to_read(opened: Opened, name: str, width: int, scheme: Scheme) -> None:
    assert faults(opened(name, width, scheme)) == []


@pytest.mark.parametrize("name", ["every kind", "hostile"])
@pytest.mark.slow
def test_it_prints_in_ink_on_paper_whatever_the_screen_shows(opened: Opened, name: str) -> None:
    page = opened(name, 720, "dark")
    page.emulate_media(media="print")
    assert faults(page) == []
    colours = page.evaluate("(({color, backgroundColor}) => [color, backgroundColor])(getComputedStyle(document.body))")
    assert colours == ["rgb(27, 36, 48)", "rgba(0, 0, 0, 0)"]
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize(
    ("style", "fault"),
    [
        (".chart text { font-size: 30px !important }", "overlap: "),
        (".chart { width: 600px }", "the page is"),
        (".verdicts td { width: 40px; white-space: nowrap; overflow: hidden }", "cut off: "),
        (".chart .limit { display: none }", "a limit out of sight: "),
        (".chart .limit path { stroke: var(--card) !important }", "a faint limit: "),
        (".bar .limit { left: 120% !important }", "a limit off its bar: "),
        (".where { color: #ccc }", "contrast "),
        (".keys { font-size: 8px }", "too small: "),
        (".card { margin-bottom: -60px }", "boxes overlap: "),
        ("figure svg > g { transform: translate(0, -60px) }", "drawn outside of its drawing: "),
    ],
)
@pytest.mark.slow
def test_what_is_wrong_would_be_found(opened: Opened, style: str, fault: str) -> None:
    page = opened("every kind", WIDTHS["narrow"])
    page.evaluate("document.querySelector('meta[http-equiv]').remove()")
    page.add_style_tag(content=style)
    assert [one for one in faults(page) if one.startswith(fault)]


def test_every_row_of_the_table_leads_to_its_result(opened: Opened) -> None:
    page = opened("every kind", WIDTHS["wide"])
    links = page.locator(".verdicts a")
    assert links.count() == 11
    for number in range(links.count()):
        links.nth(number).click()
        anchor = page.url.partition("#")[2]
        box = page.locator(f"[id={anchor}]").bounding_box()
        assert box is not None
        assert box["y"] < 900


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_screen_decides_on_light_and_dark(opened: Opened, scheme: Scheme) -> None:
    page = opened("every kind", WIDTHS["wide"], scheme)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(244, 246, 248)", "dark": "rgb(14, 19, 25)"}[scheme]
