"""What a command writes replaces neither what it reads nor what is the user's."""

import json
import os
from pathlib import Path

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.reports.growing_report import GrowingReport
from pytest_multicore.reports.history.history_file import append
from tests.history.literals import entry

from .literals import measured, reported, written

READ = "is a file that this command reads: expected another file; it is left as it is"
FOREIGN = "is no page of pytest-multicore: expected another file; it is left as it is"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("history h.jsonl --svg h.jsonl", f"--svg h.jsonl {READ}"),
        ("history h.jsonl --svg link", f"--svg link {READ}"),
        ("export r.json --format badge --output r.json", f"r.json {READ}"),
        ("merge r.json -o ./r.json", f"--output=r.json {READ}"),
        ("merge r.json -o x.json --html r.json", f"--html=r.json {READ}"),
        ("merge r.json -o x.json --html x.json", "--html=x.json is named for another output, too: expected"),
        ("merge r.json -o x.json --html h.jsonl", f"h.jsonl {FOREIGN}"),
        ("html r.json r.json", f"r.json {READ}"),
        ("html r.json h.jsonl", f"h.jsonl {FOREIGN}"),
    ],
)
def test_no_command_replaces_what_it_reads_or_what_is_no_output_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    written(Path("r.json"), reported(measured(1.8)))
    append(Path("h.jsonl"), [entry()])
    Path("link").symlink_to("h.jsonl")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert main(command.split()) == 2
    assert capsys.readouterr().err.startswith(f"error: {told}")
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no /dev/fd")
def test_a_pipe_that_no_path_resolves_to_gets_the_whole_text(tmp_path: Path) -> None:
    """As ``/dev/stdout`` before ``| cat`` is, and ``>(command)``."""
    report = written(tmp_path / "r.json", reported(measured(1.8)))
    reader, writer = os.pipe()
    with os.fdopen(reader, encoding="utf-8") as pipe:
        with os.fdopen(writer, "w"):
            output = Path(f"/dev/fd/{writer}")
            with GrowingReport(output) as growing:
                growing.write({"results": []})
            assert main(["export", str(report), "--format", "badge", f"--output={output}"]) == 0
        text = pipe.read()
    assert text.startswith("<svg")
    assert text.endswith("</svg>\n")


def test_an_earlier_page_and_an_empty_file_are_replaced(tmp_path: Path) -> None:
    report, page = written(tmp_path / "r.json", reported(measured(1.8))), tmp_path / "page.html"
    page.touch()
    for test in ("first", "second"):
        report.write_text(json.dumps(reported(measured(1.8, test=test))))
        assert main(["html", str(report), str(page)]) == 0
        assert test in page.read_text(encoding="utf-8")
