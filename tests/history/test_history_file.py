"""The history's file: what is appended is read again, whatever happens to those who write."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import jsonschema
import pytest

from pytest_multicore.errors import UsageError
from pytest_multicore.reports.history import history_file
from pytest_multicore.reports.history.entry import Entry
from pytest_multicore.reports.history.history_file import SCHEMA_FILE, append, check, lock_of, read

from .literals import bounds, entry

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "results" / "history.jsonl"


def test_what_is_appended_is_read_again_in_its_order(file: Path) -> None:
    first, second = entry(1.9), entry(bounds(None, 1.2, None), commit=None, number=2, lost=True)
    append(file, [first])
    append(file, [second, first])
    assert read(file).entries == (first, second, first)
    assert read(file).torn == ()


def test_each_line_is_as_the_schema_says(file: Path) -> None:
    append(file, [entry(1.9), entry(None, attained=None, threads=None, date=None, commit=None)])
    lines = file.read_text().splitlines()
    assert len(lines) == 2
    for line in lines:
        jsonschema.validate(json.loads(line), SCHEMA)
    assert SCHEMA["properties"][history_file.SCHEMA_KEY]["const"] == history_file.SCHEMA


def test_nothing_to_append_makes_no_file(file: Path) -> None:
    append(file, [])
    assert not file.exists()


def test_an_empty_file_is_a_history(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    check(tmp_path / "empty")
    assert read(tmp_path / "empty").entries == ()


WRITER = """
import sys
from pathlib import Path
from tests.history.literals import entry
from pytest_multicore.reports.history.history_file import append
sys.stdin.readline()  # all begin together
for number in range(3):
    append(Path(sys.argv[1]), [entry(test=f"{sys.argv[2]}-{number}-{part}") for part in range(3)])
"""


def test_of_twenty_that_write_at_once_nothing_is_lost(file: Path) -> None:
    file.parent.mkdir()
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, file, str(number)], stdin=subprocess.PIPE, cwd=ROOT)
        for number in range(20)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"\n")
        writer.stdin.close()
    assert [writer.wait(300) for writer in writers] == [0] * 20
    found = [one.result["nodeid"] for one in read(file).entries]
    assert sorted(found) == sorted(
        f"{w}-{number}-{part}" for w in range(20) for number in range(3) for part in range(3)
    )
    for at in range(0, len(found), 3):
        assert {name.rpartition("-")[0] for name in found[at : at + 3]} == {found[at].rpartition("-")[0]}, "as one"


HALF_A_LINE = """
import os, signal, sys
from pathlib import Path
from pytest_multicore.reports.history import history_file
from tests.history.literals import entry
whole = os.write
def half(descriptor, data):
    whole(descriptor, data[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)
os.write = half
history_file.append(Path(sys.argv[1]), [entry(test="killed")])
"""


def kill_a_writer(file: Path) -> None:
    done = subprocess.run([sys.executable, "-c", HALF_A_LINE, file], cwd=ROOT, check=False, timeout=300)
    assert done.returncode == -signal.SIGKILL


def test_a_writer_that_is_killed_costs_its_own_line_alone(file: Path) -> None:
    append(file, [entry(test="before")])
    kill_a_writer(file)
    assert not file.read_bytes().endswith(b"\n"), "the line is torn"
    assert [one.result["nodeid"] for one in read(file).entries] == ["before"]
    append(file, [entry(test="after")])
    history = read(file)
    assert [one.result["nodeid"] for one in history.entries] == ["before", "after"]
    assert history.torn == (2,)
    assert history.torn_in_words.startswith(f"{file}: line 2 left out: torn")


def test_a_file_that_begins_with_a_killed_writer_is_a_history_all_the_same(file: Path) -> None:
    kill_a_writer(file)
    check(file)
    append(file, [entry(test="after")])
    assert (len(read(file).entries), read(file).torn) == (1, (1,))


@pytest.mark.parametrize("length", [1, 5, 10, 11, 100])
def test_a_line_may_be_torn_anywhere(file: Path, length: int) -> None:
    append(file, [entry(test="torn")])
    file.write_bytes(file.read_bytes()[:length])
    append(file, [entry(test="after")])
    assert (len(read(file).entries), read(file).torn) == (1, (1,))


HOLDER = """
import filelock, sys, time
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print(flush=True)
time.sleep(60)
"""


def test_a_killed_writer_leaves_the_lock_to_the_next(file: Path) -> None:
    file.parent.mkdir()
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, lock_of(file)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    with pytest.raises(filelock.Timeout):
        filelock.FileLock(lock_of(file), timeout=0).acquire()
    holder.kill()
    holder.wait()
    began_s = time.monotonic()
    append(file, [entry()])
    assert time.monotonic() - began_s < history_file.LOCK_TIMEOUT_S / 2
    assert len(read(file).entries) == 1


def test_a_lock_that_stays_held_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_file, "LOCK_TIMEOUT_S", 0.1)
    file.parent.mkdir()
    with filelock.FileLock(lock_of(file)), pytest.raises(UsageError, match=r"another process holds .*jsonl\.lock"):
        append(file, [entry()])


def test_a_line_without_its_end_is_no_loss(file: Path) -> None:
    """As an editor leaves it."""
    append(file, [entry(test="a")])
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    append(file, [entry(test="b")])
    assert [one.result["nodeid"] for one in read(file).entries] == ["a", "b"]


def test_a_history_may_begin_with_the_mark_of_utf_8_and_is_none_in_utf_16(file: Path) -> None:
    append(file, [entry()])
    text = file.read_text(encoding="utf-8")
    file.write_text(text, encoding="utf-8-sig")
    append(file, [entry()])
    assert len(read(file).entries) == 2
    file.write_text(text, encoding="utf-16")
    with pytest.raises(UsageError, match=r"no text in UTF-8 \(it begins as UTF-16 does: save it as UTF-8\)"):
        check(file)


def line_of(one: Entry, folder: Path) -> dict[str, object]:
    append(folder / "of a line", [one])
    found: dict[str, object] = json.loads((folder / "of a line").read_text())
    return found


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("def test_it(): pass\n", "is no history: line 1: no JSON; expected the name of a file"),
        ("[" * 100_000, "is no history: line 1: no JSON; expected the name of a file"),
        (f"[1{'0' * 400}]", "is no history: line 1: no JSON; expected the name of a file"),
        ("[1e999]", "is no history: line 1: no JSON; expected the name of a file"),
        ("a\nb\nc\nd\ne\nf\n", r"lines 1, 2, 3, 4, 5 \.\.\.: no JSON"),
        ('{"schema": 1, "machine": {}, "results": []}\n', "is no history: line 1 is a JSON report"),
        ('{"a": 1}\n', "is no history: line 1 is no result of a history"),
        ("[1]\n", "is no history: line 1 is no result of a history"),
        ('{"history": 2}\n', "line 1 is of history schema 2; this version reads schema 1: update pytest-multicore"),
        ('{"history": "x"}\n', "line 1 is of history schema 'x'; this version reads schema 1: name another file"),
        ('{"history": 1}\n', "line 1 does not hold what history schema 1 says .*'date'"),
    ],
)
def test_what_is_no_history_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "x").write_text(text)
    for refuse in (read, check):
        with pytest.raises(UsageError, match=told) as raised:
            refuse(tmp_path / "x")
        assert str(tmp_path / "x") in str(raised.value)
    assert (tmp_path / "x").read_text() == text


def test_a_report_with_a_line_for_each_number_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text(json.dumps({"schema": 1, "machine": {"affinity": [0, 1]}}, indent=1))
    with pytest.raises(UsageError, match="is no history"):
        read(tmp_path / "x")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"nodeid": 5},
        {"confidence": 2},
        {"confidence": None},
        {"speedup": 1.9},
        {"speedup": {"estimate": "fast", "low": 1, "high": 2}},
        {"speedup": {"estimate": 1.9, "low": "slow", "high": 2}},
        {"wall_s": {"estimate": -1, "low": 1, "high": 2}},
        {"frameworks": ["numpy"]},
        {"libraries": [{}]},
        {"libraries": 5},
        {"variables": {"OMP_NUM_THREADS": 2}},
        {"variables": {"OMP_NUM_THREADS": None}},
        {"threads": {"a": 1}},
        {"host": 5},
        {"vary": {"a": 1}},
        {"speedup": {"estimate": 1.7e308, "low": 1, "high": 1.7e308}},
    ],
    ids=str,
)
def test_a_line_that_holds_something_else_is_named(file: Path, tmp_path: Path, spoilt: dict[str, object]) -> None:
    append(file, [entry(), entry()])
    line = line_of(entry(), tmp_path)
    line["result"] = {**line["result"], **spoilt}  # type: ignore[dict-item]
    with file.open("a") as text:
        text.write(json.dumps(line) + "\n")
    with pytest.raises(UsageError, match="line 3 does not hold what history schema 1 says"):
        read(file)


@pytest.mark.parametrize("spoilt", [{"date": 5}, {"commit": {"a": 1}}, {"version": []}, {"number": []}], ids=str)
def test_a_line_of_no_origin_is_named(file: Path, tmp_path: Path, spoilt: dict[str, object]) -> None:
    line = {**line_of(entry(), tmp_path), **spoilt}
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(line) + "\n")
    with pytest.raises(UsageError, match="line 1 does not hold what history schema 1 says"):
        read(file)


def test_a_file_that_is_missing_or_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file or directory; expected a history"):
        read(tmp_path / "none")
    with pytest.raises(UsageError, match="cannot be read: Is a directory"):
        read(tmp_path)
    check(tmp_path / "none")  # it will be made


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OSError):
        append(tmp_path / "x", [entry()])
