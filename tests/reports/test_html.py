"""The page as text: self-contained, escaped, complete, and true to the report's own figures."""

from __future__ import annotations

import logging
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib
import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.html.chart_data import ChartData, thinned
from pytest_multicore.reports.html.closing_chart import steps_of
from pytest_multicore.reports.html.page import FIRST_LINE, html_report, write_html
from pytest_multicore.reports.html.views import MISSING_IN_OLDER_FILES
from pytest_multicore.reports.json_report import report
from pytest_multicore.reports.record import interval_record
from pytest_multicore.reports.visible import visible
from pytest_multicore.verdicts.limits import Limits

from .page_reports import HOSTILE, MACHINE, compared, every_kind, hostile, pairs, read_back, series, split


class Parsed(HTMLParser):
    """The elements of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def attributes(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.elements if name in attrs]


@pytest.fixture(scope="module")
def kinds() -> str:
    return html_report(read_back(every_kind()))


def page_of(*records: dict[str, Any], **changed: Any) -> str:
    return html_report({**report(list(records), MACHINE), **changed})


def test_it_is_one_file_without_scripts_that_fetches_nothing(kinds: str) -> None:
    parsed = Parsed(kinds)
    assert not {"script", "link", "img", "iframe", "object", "base"} & {tag for tag, _ in parsed.elements}
    assert all(value.startswith("#") for value in parsed.attributes("href"))
    assert parsed.attributes("src") == []
    assert not [name for _, attrs in parsed.elements for name in attrs if name.startswith("on")]
    assert "default-src 'none'" in parsed.attributes("content")[-1]
    assert "url(http" not in kinds
    assert "@import" not in kinds


def test_each_id_is_the_only_one_and_each_reference_has_its_target(kinds: str) -> None:
    parsed = Parsed(kinds)
    ids = parsed.attributes("id")
    assert len(ids) == len(set(ids)) > 50
    targets = [value[1:] for value in parsed.attributes("href")] + re.findall(r"url\(#([\w-]+)\)", kinds)
    assert set(targets) <= set(ids)


def test_colours_are_the_pages_variables_alone(kinds: str) -> None:
    """A colour of its own would not know light from dark."""
    drawings = re.findall(r"<svg.*?</svg>", kinds, re.DOTALL)
    assert len(drawings) > 40
    for drawing in drawings:
        found = re.findall(r"(?:fill|stroke): ([^;\"]+)", drawing)
        assert found
        assert all(colour == "none" or re.fullmatch(r"var\(--\w+\)", colour) for colour in found)
        assert not re.search(r"#[0-9a-f]{6}\b(?!-)", re.sub(r'(href|id|clip-path)="[^"]*"', "", drawing))
    defined = set(re.findall(r"(--[a-z]+):", kinds))
    assert set(re.findall(r"var\((--[a-z]+)\)", kinds)) <= defined | {"--colour", "--role"}


def test_nothing_that_a_name_holds_becomes_a_part_of_the_page() -> None:
    page = html_report(hostile())
    parsed = Parsed(page)
    assert not {"script", "img"} & {tag for tag, _ in parsed.elements}
    assert not [name for _, attrs in parsed.elements for name in attrs if name.startswith("on")]
    text = " ".join(parsed.texts)
    assert "<script>alert(1)</script>" in text
    assert "{{ 7 * 7 }}{% raw %}$x^2$" in text
    assert r"\x1b[31mred\x1b[0m\x00\x07" in text
    assert r"\u202egnp.exe\u2066" in text
    assert r"\udcff\ud800" in text
    assert "مرحبا" in text
    assert not set(page) & set("\x00\x07\x1b\u202e\u2066\udcff\ud800")
    page.encode("utf-8")


@pytest.mark.parametrize("name", HOSTILE)
def test_no_name_of_a_thread_spoils_a_drawing(name: str) -> None:
    from pytest_multicore.reports.html.drawing import own_settings
    from pytest_multicore.reports.html.threads_chart import threads_chart

    found = [one for one in hostile()["results"] if one["workload"] == name]
    with own_settings():
        chart = threads_chart(ChartData({**MISSING_IN_OLDER_FILES, **found[0]}), 1)
    assert chart is not None
    drawing = ET.fromstring(chart.svg)  # noqa: S314 - made just now
    drawn = [text.text or "" for text in drawing.iter("text")]
    assert len([text for text in drawn if text[:5] == visible(name)[:5]]) == 3


def test_a_text_that_harms_nobody_stays_as_it_is() -> None:
    for text in ("plain", "two\nlines\tand a tab", "مرحبا", "क\u200dष", "👩\u200d💻", "é"):
        assert visible(text) == text


def charts_of(record: dict[str, Any]) -> dict[str, bool]:
    """Which charts a result has, and whether a limit is drawn in them."""
    page = page_of(record)
    return {
        str(attrs["class"]).split()[1]: "data-limited" in attrs
        for tag, attrs in Parsed(page).elements
        if tag == "figure"
    }


def test_the_limit_is_in_each_chart_that_it_is_about() -> None:
    about_speed = charts_of(compared(pairs(12, 1.8), Limits(min_speedup=1.3)))
    assert about_speed == {"closing": True, "gains": True, "times": True, "cores": False, "threads": False}
    assert charts_of(compared(pairs(12, 1.8), Limits(min_efficiency=0.5))) == about_speed
    about_cores = charts_of(compared(pairs(12, 1.8), Limits(min_cores=1.3)))
    assert about_cores == {"closing": True, "gains": False, "times": False, "cores": True, "threads": False}
    about_threads = charts_of(compared(pairs(12, 1.8), Limits(max_threads=1)))
    assert about_threads["threads"]
    about_a_series = charts_of(series({1: 0.2, 2: 0.11, 4: 0.06}, Limits(min_speedup=2.0)))
    assert about_a_series == {**about_speed, "scaling": True}
    assert not any(charts_of(compared(pairs(12, 1.8), Limits())).values())


@pytest.mark.parametrize("number", range(10))
def test_the_last_interval_of_a_chart_is_the_verdicts(number: int) -> None:
    record = read_back(every_kind())["results"][number]
    measured = ChartData({**MISSING_IN_OLDER_FILES, **record})
    steps = steps_of(measured)
    assert len(steps) == max(1, len(record["verdicts"]))
    for verdict in record["verdicts"]:
        last = steps[verdict["quantity"]][-1]
        assert interval_record(last.allowed) == verdict["interval"]
        assert interval_record(last.measured) == verdict["measured"]
        assert last.rows == len(measured.rows)


def test_an_interval_closes_in_and_has_no_bounds_at_first() -> None:
    measured = ChartData({**MISSING_IN_OLDER_FILES, **compared(pairs(40, 1.8), Limits(min_speedup=1.3))})
    (steps,) = steps_of(measured).values()
    assert [step.rows for step in steps] == list(range(1, 41))
    assert not steps[0].measured.bounded
    assert steps[-1].measured.bounded
    widths = [step.measured.high - step.measured.low for step in steps]
    assert widths[-1] < widths[12]


def test_bars_add_up_and_show_the_useful_cores_that_a_limit_asks_for() -> None:
    record = compared(pairs(12, 1.6), Limits(min_speedup=1.3))
    page = page_of({**record, "cores_split": split(2, useful=1.2, extra_cpu=0.5, waited=0.1)})
    widths = re.findall(r'class="part (\w+)" style="width: ([\d.]+)%"', page)
    assert [name for name, _ in widths] == ["useful", "extra_cpu", "idle", "waited"]
    assert sum(float(width) for _, width in widths) == pytest.approx(100)
    (left,) = re.findall(r'class="limit" style="left: ([\d.]+)%"', page)
    assert float(left) == pytest.approx(100 * 1.3 * record["baseline_cores"]["estimate"] / 2, abs=0.01)
    assert 'class="bar"' in page_of(record)
    assert 'class="bar"' not in page_of({**record, "cores_split": None})
    del record["cores_split"]  # as in an older file
    assert 'class="bar"' not in page_of(record)


def test_causes_come_with_their_trials(kinds: str) -> None:
    text = " ".join(" ".join(Parsed(kinds).texts).split())
    assert "gemm-too-small proven seen 100% of 2000 BLAS products" in text
    assert "trial the product alone, with 2048 rows in place of 50: 2.00 [1.73, 2.01] cores busy" in text
    assert "also threads=1 in place of 2: no difference remedy more rows in a call" in text
    assert "interpreter-bound suspected, not proven seen" in text


def test_what_asks_for_a_look_comes_first(kinds: str) -> None:
    outcomes = re.findall(r'data-label="outcome"><span class="outcome (\w+)"', kinds)
    assert outcomes == ["failed"] * 4 + ["inconclusive"] * 2 + ["passed"] * 3 + ["measured"] * 2


def test_an_older_file_is_shown_as_far_as_it_goes() -> None:
    whole = read_back(report([compared(pairs(12, 1.8), Limits(min_speedup=1.3))], MACHINE))
    (record,) = whole["results"]
    for name in ("measured_speedup", "attained_speedup", "first_calls", "settle_s"):
        del record[name]
    for verdict in record["verdicts"]:
        del verdict["measured"], verdict["open_reason"]
    assert html_report(whole).count("<figure") == 5


def test_several_machines_stand_apart() -> None:
    first, second, third = (compared(pairs(12, 1.8), Limits(), test=f"test_{name}") for name in "abz")
    machine = report([], MACHINE)["machine"]
    page = page_of(
        {**first, "host": "alpha"},
        {**second, "host": "beta"},
        third,
        machines=[{**machine, "host": "alpha"}, {**machine, "host": "beta", "cpu": "Neoverse"}],
        lost_hosts=[{"host": "gamma", "nodeid": "test_c", "error": "gone", "not_measured": ["test_a"]}],
    )
    text = " ".join(" ".join(Parsed(page).texts).split())
    alpha, beta = text.partition("beta")[::2]
    assert ("test_ a" in alpha, "test_ b" in alpha, "test_ b" in beta) == (True, False, True)
    assert "Neoverse" in beta
    assert "test_ z" in beta.partition("the machine that ran pytest")[2]
    assert "Lost gamma while it ran test_c : gone" in text


def test_a_report_of_nothing_is_a_page_too() -> None:
    assert "nothing was measured" in page_of()


@pytest.mark.parametrize(
    "broken", [{}, {"schema": 2}, [], {"schema": 1, "machine": {}, "results": []}, {"schema": 1, "results": []}]
)
def test_what_is_no_report_is_refused(broken: Any) -> None:
    with pytest.raises(UsageError, match="--multicore-json writes"):
        html_report(broken)


def test_a_broken_entry_is_named() -> None:
    good = compared(pairs(12, 1.8), Limits())
    with pytest.raises(UsageError, match="the report does not hold what schema 1 says"):
        page_of({**good, "nodeid": None})
    with pytest.raises(UsageError, match=r"entry 2 of the results .*KeyError: 'thread_use'"):
        page_of(good, {**good, "rounds": [{"row": 0}]})


def test_a_page_that_cannot_be_made_leaves_the_earlier_one(tmp_path: Path) -> None:
    file = tmp_path / "new" / "report.html"
    write_html(file, every_kind())
    before = file.read_text(encoding="utf-8")
    assert before.startswith(FIRST_LINE)
    with pytest.raises(UsageError):
        write_html(file, {"schema": 1})
    assert file.read_text(encoding="utf-8") == before
    assert [one.name for one in file.parent.iterdir()] == ["report.html"]


def test_the_users_matplotlib_stays_as_it_was() -> None:
    level = logging.getLogger("matplotlib").level
    with matplotlib.rc_context({"font.size": 33, "svg.fonttype": "path", "axes.facecolor": "red"}):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            page = page_of(compared(pairs(12, 1.8), Limits(min_speedup=1.3)))
        assert matplotlib.rcParams["font.size"] == 33
    assert logging.getLogger("matplotlib").level == level
    assert len(re.findall("<text", page)) > 30


def test_the_same_report_gives_the_same_page() -> None:
    whole = report([compared(pairs(12, 1.8), Limits(min_speedup=1.3))], MACHINE)
    assert html_report(whole) == html_report(whole)


@pytest.mark.slow
def test_a_long_measurement_is_thinned_from_the_first_row_to_the_last() -> None:
    assert thinned(list(range(1000)), 5) == [0, 250, 500, 749, 999]
    assert thinned([1, 2, 3], 5) == [1, 2, 3]
    assert len(page_of(compared(pairs(3000, 1.8), Limits()))) < 250_000


def test_a_drawing_is_labelled_for_those_who_do_not_see_it(kinds: str) -> None:
    labels = [attrs["aria-label"] for tag, attrs in Parsed(kinds).elements if tag == "svg"]
    assert all(label and len(label) > 20 for label in labels)
