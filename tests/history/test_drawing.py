"""The drawing of trends: well-formed, escaped, and with everything in its place."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.reports.history.drawing import LETTERS, WIDTH, drawing
from pytest_multicore.reports.history.history_file import append
from pytest_multicore.reports.history.trends import trends

from .literals import bounds, entry, series

SVG = "{http://www.w3.org/2000/svg}"


def drawn(*entries_: object) -> ElementTree.Element:
    return ElementTree.fromstring(drawing(trends(entries_)))  # type: ignore[arg-type]  # noqa: S314 - our own text


def floats(text: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?[\d.]+", text)]


def test_each_run_is_a_point_and_each_level_a_line() -> None:
    pytest.importorskip("ruptures")
    found = drawn(*series(*[1.9] * 6, *[1.0] * 4))
    assert len(found.findall(f"{SVG}circle")) == 10
    lines = [floats(line.attrib["points"]) for line in found.findall(f"{SVG}polyline")]
    assert [len(line) for line in lines] == [12, 8]
    assert lines[0][1] < lines[1][1], "what is lost lies lower, and y grows downwards"
    (turn,) = (path for path in found.findall(f"{SVG}path") if path.attrib["class"] == "turn")
    at = floats(turn.attrib["d"])[0]
    assert lines[0][-2] < at < lines[1][0]
    assert "-47 %" in [text.text for text in found.findall(f"{SVG}text")]


def test_panels_lie_below_each_other_and_within_the_drawing() -> None:
    found = drawn(*series(1.9, 1.8), *series(1.0, 2.0, test="b"), entry(bounds(None, 1.5, None), test="c"))
    height = float(found.attrib["height"])
    names = [text for text in found.findall(f"{SVG}text") if text.attrib["class"] == "name"]
    tops = [float(text.attrib["y"]) for text in names]
    assert len(tops) == 3
    assert tops == sorted(tops)
    for text in found.findall(f"{SVG}text"):
        assert 0 < float(text.attrib["y"]) < height
    for circle in found.findall(f"{SVG}circle"):
        x, y = (float(circle.attrib[name]) for name in ("cx", "cy"))
        above = max(top for top in tops if top < y)
        assert above + 20 < y < above + 165
        assert 0 < x < WIDTH


def test_names_are_escaped_and_long_ones_cut_and_whole_in_a_tooltip() -> None:
    name = "test_a.py::test_it[<script>&\"'-" + "x" * 200 + "]"
    found = drawn(entry(test=name))
    assert found.findall(f".//{SVG}script") == []
    (shown,) = (text for text in found.findall(f"{SVG}text") if text.attrib["class"] == "name")
    assert shown.text is not None
    assert shown.text.startswith("test_a.py::test_it[<script>&\"'-")
    assert len(shown.text) == LETTERS
    title = shown.find(f"{SVG}title")
    assert title is not None
    assert title.text is not None
    assert name in title.text


def test_what_no_xml_may_hold_is_shown_as_its_code() -> None:
    """A test's file may have a name that is no text: pytest gives its bytes as halves of a pair."""
    found = drawn(entry(test="test_\udcff\x1b.py::test_it"))
    (shown,) = (text for text in found.findall(f"{SVG}text") if text.attrib["class"] == "name")
    assert shown.text is not None
    assert shown.text.startswith(r"test_\udcff\x1b.py::test_it")


def test_the_command_writes_it_or_says_why_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(tmp_path / "h.jsonl", series(1.9, 1.8))
    assert main(["history", str(tmp_path / "h.jsonl"), f"--svg={tmp_path / 'h.svg'}"]) == 0
    assert ElementTree.parse(tmp_path / "h.svg").getroot().tag == f"{SVG}svg"  # noqa: S314 - our own file
    assert main(["history", str(tmp_path / "h.jsonl"), f"--svg={tmp_path}"]) == 2
    assert f"--svg {tmp_path} cannot be written: Is a directory" in capsys.readouterr().err
