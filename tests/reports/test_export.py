"""``python -m pytest_multicore export``: which file it reads, where it writes, and what it refuses."""

import codecs
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.commands import imports
from pytest_multicore.commands.export import FORMATS
from tests.closed_pipe import nobody_reads

from .literals import SPLIT, measured, reported, written


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_is_written_to_a_file_and_to_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file, output = written(tmp_path / "report.json", reported(measured(1.8))), tmp_path / "new" / "folder" / "out"
    assert main(["export", str(file), "--format", name]) == 0
    shown = capsys.readouterr().out
    assert "1.8" in shown or "0.1" in shown
    assert main(["export", str(file), "--format", name, "--output", str(output)]) == 0
    assert capsys.readouterr().out == ""
    assert output.read_text(encoding="utf-8") == shown


def test_a_report_may_begin_with_the_mark_of_utf_8(tmp_path: Path) -> None:
    """As some editors save it."""
    file = written(tmp_path / "report.json", reported(measured(1.8)))
    file.write_bytes(codecs.BOM_UTF8 + file.read_bytes())
    assert main(["export", str(file), "--format", "badge"]) == 0


def test_only_the_tests_that_are_named_are_exported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = (measured(1.8, test="test_a.py::test_it"), measured(1.1, test="test_b.py::test_it"))
    file = written(tmp_path / "report.json", reported(*records))
    assert main(["export", str(file), "--format", "badge", "--test", "test_a"]) == 0
    assert "useful cores: 1.8 of 2" in capsys.readouterr().out
    assert main(["export", str(file), "--format", "badge", "--test", "test_c"]) == 2
    assert "--test test_c: no node id in" in capsys.readouterr().err


def lacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What comes out of a pipe on Windows, and a report in the folder that has letters which its encoding lacks."""
    written(tmp_path / "report.json", reported(measured(1.8, test="test_日本.py::test_it", cores_split=SPLIT)))
    monkeypatch.chdir(tmp_path)
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252"))
    return raw


def test_an_output_that_lacks_letters_gets_the_files_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = lacking(tmp_path, monkeypatch)
    command = ["export", "report.json", "--format", "markdown"]
    assert main(command) == 0
    assert main([*command, "--output", "comment.md"]) == 0
    assert "█" in Path("comment.md").read_text(encoding="utf-8")
    assert raw.getvalue() == Path("comment.md").read_bytes()


def test_an_output_that_lacks_letters_gets_their_codes_from_other_commands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = lacking(tmp_path, monkeypatch)
    assert main(["judge", "report.json"]) == 0
    assert raw.getvalue().startswith(rb"test_\u65e5\u672c.py::test_it: ")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["export", "report.json", "--format", "markdown"]])
def test_where_nobody_reads_on_a_command_ends_without_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "report.json", reported(measured(1.8)))
    assert nobody_reads([sys.executable, "-m", "pytest_multicore", *arguments]) == (1, "")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_behind_the_output_is_one_line(tmp_path: Path) -> None:
    report = written(tmp_path / "report.json", reported(measured(1.8)))
    command = [sys.executable, "-m", "pytest_multicore", "export", str(report), "--format", "markdown"]
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert (ended.returncode, ended.stderr) == (2, "error: the output is cut short: No space left on device\n")


@pytest.mark.parametrize("command", ["export report.json --format badge", "judge report.json", "history none.jsonl"])
def test_an_output_that_the_shell_closed_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Python has no ``sys.stdout`` behind ``>&-``."""
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "report.json", reported(measured(1.8)))
    (tmp_path / "none.jsonl").touch()
    monkeypatch.setattr(sys, "stdout", None)
    assert main(command.split()) == 0
    sys.stdout.close()


def test_ctrl_c_ends_a_command_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(imports, "import_in_bare_interpreter", interrupted)
    assert main(["imports", "json"]) == 130
    assert capsys.readouterr() == ("", "")


REPORT = reported(measured(1.1))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read: No such file or directory; expected a file of --multicore-json"),
        (b"\xff\xfe", "it is no text in UTF-8 (it begins as UTF-16 does: save it as UTF-8); expected"),
        (b'{"caf\xe9": 1}', "it is no text in UTF-8 (invalid continuation byte); expected"),
        (b"{", "is not a report of pytest-multicore: it is no JSON; expected"),
        (b"[" * 100_000, "is not a report of pytest-multicore: it is no JSON; expected"),
        (
            b'{"schema": 1, "machine": {}, "results": [NaN]}',
            "is not a report of pytest-multicore: it is no JSON; expected",
        ),
        (
            b'{"schema": 1, "machine": {"cpu": 1e999}, "results": []}',
            "is not a report of pytest-multicore: it is no JSON; expected",
        ),
        (
            b'{"schema": 1, "machine": {"cpu": 1%s}, "results": []}' % (b"0" * 400),
            "is not a report of pytest-multicore: it is no JSON; expected",
        ),
        (b"[]", "is not a report of pytest-multicore"),
        (b'{"schema": "1", "results": []}', "is not a report of pytest-multicore"),
        (b'{"schema": true, "results": []}', "is not a report of pytest-multicore"),
        (b'{"schema": 2, "results": []}', "schema 2; this version reads schema 1; a newer version of pytest-multicore"),
        (b'{"schema": 1, "machine": {}, "results": [1]}', "each of its results must be objects"),
    ],
)
@pytest.mark.parametrize("command", ["export", "merge"])
def test_what_is_no_report_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, expected: str, command: str
) -> None:
    file, output = tmp_path / "report.json", tmp_path / "out"
    if content is not None:
        file.write_bytes(content)
    options = ["--format", "markdown"] if command == "export" else []
    assert main([command, str(file), *options, f"--output={output}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}")
    assert expected in error
    assert not output.exists()


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda record: record.pop("nodeid"),
        lambda record: record.update(nodeid=7),
        lambda record: record.pop("outcome"),
        lambda record: record.update(useful_cores=[]),
        lambda record: record.update(cores={"estimate": "many"}, measured_speedup=3, wall_s="s", useful_cores="u"),
    ],
)
def test_a_result_that_is_none_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, spoil: Callable[[dict[str, Any]], object]
) -> None:
    """None of them ends in a traceback; some formats have no use for the field."""
    record = measured(1.1)
    spoil(record)
    file = written(tmp_path / "report.json", {**REPORT, "results": [record]})
    status, shown = main(["export", str(file), "--format", name]), capsys.readouterr()
    assert status in (0, 2)
    assert (f"{file}: a result does not hold what schema 1 says" in shown.err) is (status == 2)


def test_an_output_that_cannot_be_written_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path / "report.json", REPORT)
    assert main(["export", str(file), "--format", "markdown", "--output", str(tmp_path)]) == 2
    assert f"{tmp_path} cannot be written: Is a directory" in capsys.readouterr().err
