"""The page about the HTML report: its commands work, and its table names the charts that there are."""

import re
import shlex
import subprocess
import sys

import pytest
import yaml

from pytest_multicore.reports.html.page import FIRST_LINE, html_report
from tests.reports.page_reports import every_kind

from .pages import DOCS, code_blocks, rows_of, sections, text_of

PAGE = text_of("how-to/html-report")
COMMANDS = [line[2:] for block in code_blocks(PAGE, "console") for line in block.splitlines()]


@pytest.mark.slow
def test_its_commands_write_the_page(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("import pytest\n@pytest.mark.multicore(min_cores=100_000)\ndef test_it(): pass")
    install, *runs = map(shlex.split, COMMANDS)
    assert install == ["pip", "install", "pytest-multicore[report]"]
    assert len(runs) == 3
    for program, *arguments in runs:
        command = [sys.executable, *(["-m", "pytest"] if program == "pytest" else []), *arguments]
        (pytester.path / "report.html").unlink(missing_ok=True)
        assert subprocess.run(command, cwd=pytester.path, check=False).returncode == 0, command
        if "report.html" in command[-1]:
            assert (pytester.path / "report.html").read_text(encoding="utf-8").startswith(FIRST_LINE)


def test_ci_keeps_what_it_writes() -> None:
    (block,) = code_blocks(PAGE, "yaml")
    run, keep = yaml.safe_load(block)
    assert run["run"].endswith(f"--multicore-html={keep['with']['path']}")


def test_each_part_of_the_page_is_explained_and_no_other() -> None:
    explained = {row[0] for row in rows_of(sections(PAGE)["What it shows"])[1:]}
    found = set(re.findall(r"<h3>([^<]+)</h3>", html_report(every_kind()))) - {"Figures"}
    general = {re.sub(r"^Closing in on .*|^The interval closing in", "Closing in", one) for one in found}
    assert {re.sub(r"the \d+ cores", "the cores", one) for one in general} == explained


def test_the_pictures_are_there_and_small() -> None:
    for name in ("report-wide.png", "report-narrow.png"):
        picture = (DOCS / "images" / name).read_bytes()
        assert picture.startswith(b"\x89PNG")
        assert len(picture) < 200_000
