"""What a released version wrote stays readable: each file of released_files/ goes through all that reads such files."""

import json
from pathlib import Path

import jsonschema
import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.commands.export import FORMATS
from pytest_multicore.reports.history.history_file import append, read

from .released import SCHEMAS, stored, text_of, unpacked

RESULTS = [pytest.param(file, id=file.name) for file in stored("results").values()]
HISTORIES = [pytest.param(file, id=file.name) for file in stored("history").values()]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_schema_has_a_stored_file(kind: str) -> None:
    number, _ = SCHEMAS[kind]
    assert sorted(stored(kind)) == list(range(1, number + 1))


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_newest_is_what_its_schema_says(kind: str) -> None:
    number, schema = SCHEMAS[kind]
    text = text_of(stored(kind)[number])
    for line in text.splitlines() if kind == "history" else [text]:
        jsonschema.validate(json.loads(line), json.loads(schema.read_text()))


@pytest.mark.parametrize("file", RESULTS)
@pytest.mark.parametrize("command", [["export", "--format", name] for name in FORMATS], ids=lambda command: command[-1])
def test_reports_are_exported(
    file: Path, command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*command, str(unpacked(file, tmp_path))]) == 0
    assert len(capsys.readouterr().out) > 100


@pytest.mark.parametrize("file", RESULTS)
def test_reports_are_drawn_judged_compared_and_joined(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report, page, joined = unpacked(file, tmp_path), tmp_path / "page.html", tmp_path / "joined.json"
    assert main(["html", str(report), str(page)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert main(["judge", str(report)]) == 0
    assert main(["compare", str(report), str(report)]) == 0
    told = capsys.readouterr().out
    assert all(one["nodeid"] in told for one in json.loads(report.read_text())["results"] if one["rounds"])
    assert main(["merge", f"one={report}", "--output", str(joined)]) == 0
    assert [machine["host"] for machine in json.loads(joined.read_text())["machines"]] == ["one"]


@pytest.mark.parametrize("file", HISTORIES)
def test_histories_are_read_and_written_on(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    history = unpacked(file, tmp_path)
    entries = read(history).entries
    assert len(entries) > 5
    append(history, entries)
    assert len(read(history).entries) == 2 * len(entries)
    assert main(["history", str(history)]) == 0
    assert entries[0].result["nodeid"] in capsys.readouterr().out
