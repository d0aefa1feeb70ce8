"""The report in GitHub's Markdown, as GitHub's own parser reads it: nothing of a test's text becomes markup."""

import re
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from pytest_multicore.reports.cores_bar import WIDTH, cores_bar, cores_in_words
from pytest_multicore.reports.formats.markdown import MAX_COMMENT, markdown

from .literals import CAUSE, HOSTILE, SPLIT, against_base, measured, reported, unmeasured

#: Elements that our own Markdown makes.
OURS = {"h3", "h4", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "ul", "li", "code", "br"}


class Page(HTMLParser):
    """What a browser would see: elements, rows of tables, and texts as GitHub's filters for names would get them."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: Counter[str] = Counter()
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self.in_cell = False
        # Raw HTML stays in, as on GitHub, where a later filter cleans it.
        self.feed(cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements[tag] += 1
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
            self.in_cell = True

    def handle_endtag(self, tag: str) -> None:
        self.in_cell &= tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.in_cell:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        return "".join(self.texts)


def hostile() -> dict[str, Any]:
    """A report whose every text is a stranger's."""
    cause = {**CAUSE, "evidence": HOSTILE, "remedy": HOSTILE, "trial": HOSTILE, "key": HOSTILE}
    missed = measured(1.1, test=f"t.py::{HOSTILE}", workload=HOSTILE, environment=HOSTILE, causes=[cause], blas=HOSTILE)
    against = {**against_base(0.1, 0.1)["against"], "base": HOSTILE, "change": HOSTILE, "differences": [HOSTILE]}
    missed |= {"warnings": [HOSTILE], "host": HOSTILE, "cores_split": SPLIT, "against": against}
    lost = {"host": HOSTILE, "error": HOSTILE, "nodeid": HOSTILE, "not_measured": [HOSTILE]}
    report = reported(missed, unmeasured(HOSTILE, HOSTILE), lost_hosts=[lost], cpu=HOSTILE)
    return {**report, "machines": [{**report["machine"], "host": HOSTILE, "os": HOSTILE}]}


def test_the_table_holds_every_result() -> None:
    page = Page(markdown(reported(measured(1.8), measured(1.1, workload="dot"), unmeasured())))
    assert page.rows[0][0] == "test"
    passed, failed, undecided = page.rows[1:4]
    figures = ("2.00", "1.80", "1.80x [1.80, 1.80]", "2.00x", "passed")
    assert passed == ["tests/test_a.py::test_it", "current", "-", "2 vs 1", *figures]
    assert (failed[0], failed[-1]) == ("tests/test_a.py::test_it dot", "failed")
    assert undecided == ["tests/test_a.py::test_it", "current", "-", "2", *"----", "inconclusive"]
    assert "1 failed, 1 inconclusive, 1 passed" in page.text
    assert "inconclusive tests/test_a.py::test_it: too few cores" in page.text
    assert "Fast & Cheap <9>, 8 cores granted, 2.00 attained, Linux 6" in page.text


def test_a_miss_has_its_cause_proof_and_remedy() -> None:
    page = Page(markdown(reported(measured(1.1, causes=[CAUSE]))))
    told = [line for line in page.text.splitlines() if line.strip()]
    missed = told.index("failed tests/test_a.py::test_it: min_speedup=1.5 missed: 1.10x [1.10, 1.10]")
    assert told[missed + 1 : missed + 4] == [
        "cause: OMP_THREAD_LIMIT=1 is set (thread-limit)",
        "proof: 2 threads without it: 1.9x",
        "remedy: unset it",
    ]
    suspected = Page(markdown(reported(measured(1.1, causes=[{**CAUSE, "proven": False, "trial": ""}]))))
    assert "suspected, not proven: OMP_THREAD_LIMIT=1 is set" in suspected.text
    assert "proof" not in suspected.text


def test_what_became_of_each_test_against_its_base_is_told_with_what_differs() -> None:
    lost, slower = against_base(0.1, 0.1, cores=1.0), against_base(0.1, 0.2)
    page = Page(markdown(reported(lost, slower, measured(1.8))))
    rows = [row[1:] for row in page.rows if "git:main" in row]
    assert rows == [
        ["git:main", "threading regression", "1.00x", "2.00x", "50 [50, 50] %", "2.00x", "1.00x"],
        ["git:main", "slower, not by threading", "2.00x", "2.00x", "0 [0, 0] %", "2.00x", "2.00x"],
    ]
    assert "max_loss=0.1 missed: 50 [50, 50] %" in page.text
    assert page.text.count("what differs from the base: numpy: 2.4.6, base 1.26.4") == 1, "of the miss"
    assert "Against a base" not in markdown(reported(measured(1.8)))


def test_bars_show_where_the_cores_went() -> None:
    page = Page(markdown(reported(measured(1.1, cores_split=SPLIT), measured(1.8, cores_split=None))))
    (bar,) = (row for row in page.rows if "█" in row[1] and row[0] != "test")
    assert bar[1] == cores_bar(SPLIT)
    assert bar[2].startswith(
        "of 2 cores: 1.10 useful [1.05, 1.20], 0.50 extra CPU [0.40, 0.60], 0.10 uneven, 0.20 idle"
    )
    assert "Where the cores went" not in markdown(reported(measured(1.8, cores_split=None)))


def test_a_bar_is_as_wide_as_all_cores_and_its_parts_are_to_scale() -> None:
    bar = cores_bar(SPLIT)
    assert len(bar) == WIDTH == 24
    assert Counter(bar) == {"█": 13, "▓": 6, "▒": 1, "░": 3, "·": 1}
    half = {**dict.fromkeys(("extra_cpu", "uneven", "waited", "not_given"), 0.0), "cores": 8, "useful": 4, "idle": 4.0}
    assert cores_bar(half) == "█" * 12 + "░" * 12
    assert cores_in_words(half) == "of 8 cores: 4.00 useful, 4.00 idle"
    assert cores_bar({**half, "useful": 9.5, "idle": -1.5}) == "█" * 24


def test_no_text_of_a_report_becomes_markup() -> None:
    page = Page(markdown(hostile()))
    missed = against_base(0.1, 0.1, cores=1.0, causes=[CAUSE], cores_split=SPLIT, host="a")
    plain = Page(markdown(reported(missed, unmeasured())))
    assert page.elements.keys() <= OURS, "an element that is not ours"
    assert {len(row) for row in page.rows} == {len(row) for row in plain.rows}, "a table was split at a test's text"
    assert page.elements["table"] == plain.elements["table"] == 3
    assert "a" not in page.elements, "a link"
    assert "<script>alert(1)</script>" in page.text, "the text itself is shown"


def test_nobody_is_called_and_nothing_is_linked() -> None:
    """GitHub looks for names and numbers in the texts between elements and comments."""
    for text in Page(markdown(hostile())).texts:
        assert not re.search(r"@\w|#\d|(?i:gh-\d)|\w://|www\.\w", text), text


def test_no_line_begins_with_what_a_test_says() -> None:
    """A line of its own could be a workflow command, a heading, or the end of a table."""
    lines = markdown(hostile()).splitlines()
    ours = ("### py", "#### Wh", "#### Against a base")
    assert [line for line in lines if line.lstrip().startswith(("::", "#")) and not line.startswith(ours)] == []
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", "\n".join(lines))
    "\n".join(lines).encode("utf-8")


def test_what_does_not_fit_is_cut_off_at_a_line() -> None:
    report = reported(*(measured(1.1, test=f"test_{number}.py::{'x' * 100}") for number in range(60)))
    for limit in (2000, 5000):
        text = markdown(report, limit)
        assert limit - 500 < len(text) <= limit
        assert text.endswith("*The rest does not fit. The JSON report has it.*\n")
        assert text.rpartition("\n\n*The rest")[0].splitlines()[-1].endswith("|")
    assert "does not fit" not in markdown(report, 10**6)
    assert len(markdown(report)) <= MAX_COMMENT


@pytest.mark.parametrize("records", [(), (unmeasured(),)])
def test_there_may_be_nothing(records: tuple[dict[str, Any], ...]) -> None:
    page = Page(markdown(reported(*records)))
    assert ("Nothing was measured." in page.text) is (not records)
