"""``python -m pytest_multicore compare`` and ``history``, on files."""

import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.commands.history import NO_RUPTURES
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.reports.history.entry import Entry
from pytest_multicore.reports.history.history_file import append
from pytest_multicore.reports.history.sparkline import ASCII, levels_for, sparkline
from pytest_multicore.reports.json_report import report
from pytest_multicore.reports.origin import Origin
from pytest_multicore.reports.record import record
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.result import Result
from tests.reports.test_replay import result
from tests.rounds import rows

from .literals import entry, series


def measured(speedup: float, test: str = "test_a.py::test_it") -> Result:
    return replace(result(rows(20, speedup), Limits(min_speedup=1.0)), test=test)


def written(file: Path, *results: Result, origin: Origin | None = None) -> Path:
    data = report([record(one) for one in results], this_machine(), origin)
    file.write_text(json.dumps(data, allow_nan=False))
    return file


def compared(*arguments: object) -> int:
    return main(["compare", *map(str, arguments)])


def test_two_reports_of_the_same_rounds_have_nothing_that_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [written(tmp_path / name, measured(1.8)) for name in ("a.json", "b.json")]
    assert compared(*files) == 0
    assert capsys.readouterr().out.splitlines() == [
        "test_a.py::test_it: dot: no figure moved beyond its interval",
        "in all: 1 compared (0 worse, 0 better, 1 neither)",
    ]


def test_a_speedup_that_went_down_ends_with_1_and_one_that_went_up_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = written(tmp_path / "a.json", measured(1.8)), written(tmp_path / "b.json", measured(1.1))
    assert compared(good, bad) == 1
    assert "  speed-up 1.80x [1.80, 1.80], now 1.10x [1.10, 1.10]: -39 % [-39, -39], worse" in capsys.readouterr().out
    assert compared(bad, good) == 0
    assert "in all: 1 compared (0 worse, 1 better, 0 neither)" in capsys.readouterr().out


@pytest.mark.parametrize(("share", "status"), [("10%", 1), ("38%", 1), ("39%", 0)])
def test_a_loss_below_the_share_is_told_and_ends_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], share: str, status: int
) -> None:
    files = written(tmp_path / "a.json", measured(1.8)), written(tmp_path / "b.json", measured(1.1))
    assert compared(*files, f"--fail={share}") == status
    out = capsys.readouterr().out
    assert "-39 % [-39, -39], worse" in out
    assert f"{status} lost {share.removesuffix('%')} % or more" in out


def test_what_is_missing_or_not_comparable_is_no_pass_and_what_is_new_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = written(tmp_path / "a.json", measured(1.8, "a"))
    assert compared(old, written(tmp_path / "b.json", measured(1.8, "a"), measured(1.8, "b"))) == 0
    assert compared(old, written(tmp_path / "b.json", measured(1.8, "b"))) == 1
    assert compared(old, written(tmp_path / "b.json", replace(measured(1.8, "a"), python="3.14.0"))) == 1
    told = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[2] for line in told if line.startswith("in all")] == [
        "1 compared (0 worse, 0 better, 1 neither), 1 new",
        "0 compared (0 worse, 0 better, 0 neither), 1 new, 1 missing",
        "0 compared (0 worse, 0 better, 0 neither), 1 not comparable",
    ]
    assert "a: dot: not comparable: Python none, now 3.14.0" not in told, "an empty version is the report's own"
    assert any(line.startswith("a: dot: not comparable: Python ") for line in told)


def test_a_speedup_without_bounds_is_no_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = replace(result(rows(3, 1.8), Limits(min_speedup=1.0)), test="test_a.py::test_it")
    assert compared(written(tmp_path / "a.json", measured(1.8)), written(tmp_path / "b.json", few)) == 1
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(
        "test_a.py::test_it: dot: undecided, an interval lacks a bound: speed-up 1.80x [1.80, 1.80]"
    )
    assert told[-1] == "in all: 1 compared (0 worse, 0 better, 1 neither), 1 undecided"


def test_only_the_tests_that_were_named_are_compared(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path / "a.json", measured(1.8, "a"), measured(1.8, "b"))
    new = written(tmp_path / "b.json", measured(1.8, "a"), measured(1.1, "b"))
    assert (compared(old, new, "--test=a"), compared(old, new, "--test=b")) == (0, 1)
    assert compared(old, new, "--test=nosuch") == 2
    assert f"--test nosuch: no node id in {old} or {new} holds this text" in capsys.readouterr().err


def test_reports_of_several_hosts_are_compared_host_by_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As pytest-xdist's ``--dist=each`` and ``merge`` write them, in any order."""
    files = []
    for name, order in (("a.json", "xy"), ("b.json", "yx")):
        files.append(written(tmp_path / name, *(measured({"x": 1.8, "y": 1.1}[host]) for host in order)))
        data = json.loads(files[-1].read_text())
        data["machines"] = [{**data["machine"], "host": host} for host in order]
        data["results"] = [{**one, "host": host} for one, host in zip(data["results"], order, strict=True)]
        files[-1].write_text(json.dumps(data))
    assert compared(*files) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[:2] == [f"test_a.py::test_it: dot on {host}: no figure moved beyond its interval" for host in "yx"]


def test_reports_without_a_measurement_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(written(tmp_path / "a.json"), written(tmp_path / "b.json")) == 0
    assert capsys.readouterr().out == "neither report holds a measurement\n"


def test_a_report_of_an_older_version_has_no_origin_and_is_read(tmp_path: Path) -> None:
    data = json.loads(written(tmp_path / "a.json", measured(1.8)).read_text())
    for name in ("date", "version", "commit", "clean"):
        del data[name]
    (tmp_path / "b.json").write_text(json.dumps(data))
    assert compared(tmp_path / "b.json", tmp_path / "a.json") == 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "cannot be read: No such file"),
        ("not json", "is not a report of pytest-multicore: it is no JSON"),
        ("[]", "is not a report of pytest-multicore; expected a file of --multicore-json"),
        ('{"schema": 7, "machine": {}, "results": []}', "a report of schema 7; this version reads schema 1"),
        ('{"schema": 1, "machine": {}, "results": []}', "does not hold what schema 1 says (KeyError: 'cpu')"),
        (
            '{"schema": 1, "machine": {"cpu": "x"}, "results": [5]}',
            "its machine and each of its results must be objects",
        ),
        ('{"schema": 1, "machine": {"cpu": 5}, "results": [{"wall_s": 1}]}', "does not hold what schema 1 says"),
    ],
)
def test_what_is_no_report_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, told: str
) -> None:
    good, file = written(tmp_path / "a.json", measured(1.8)), tmp_path / "b.json"
    if text is not None:
        file.write_text(text)
    for files in ((good, file), (file, good)):
        assert compared(*files) == 2
        error = capsys.readouterr().err
        assert f"error: {file}" in error
        assert told in error


@pytest.mark.parametrize("share", ["10", "-1%", "100%", "much"])
def test_a_share_that_is_none_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str], share: str) -> None:
    file = written(tmp_path / "a.json", measured(1.8))
    assert compared(file, file, f"--fail={share}") == 2
    assert f"--fail {share}: expected a percentage from 0% to below 100%, such as 10%" in capsys.readouterr().err


def shown(file: Path, entries: list[Entry], capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    append(file, entries)
    assert main(["history", str(file), *options]) == 0
    return capsys.readouterr().out.splitlines()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "history.jsonl"


def test_the_trend_of_a_test_is_a_row_and_a_line_for_each_change(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ruptures")
    upgraded = series(*[1.9] * 6, *[1.0] * 4)
    upgraded[6:] = [replace(one, result={**one.result, "frameworks": {"numpy": "2.5.0"}}) for one in upgraded[6:]]
    assert shown(file, upgraded, capsys) == [
        "figure    runs  from        to          median  last                trend",
        "test_a.py::test_it, 2 vs 1 threads in current",
        "speed-up  10    2026-11-01  2026-11-10  1.90x   1.00x [0.98, 1.02]  ██████|▁▁▁▁",
        "  changed from 1.90x to 1.00x (-47 %) between 2026-11-06 (0000006) and 2026-11-07 (0000007); with it: "
        "numpy 2.4.6, now 2.5.0",
    ]


def test_a_run_in_which_the_machine_gave_less_is_left_out_and_told(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    starved = series(1.9, 1.9, 1.9)
    starved.insert(1, entry(1.1, attained=1.2, date="2026-11-20T00:00:00Z"))
    told = shown(file, starved, capsys)
    assert told[2].split()[:2] == ["speed-up", "3"]
    assert "  not comparable: 1 run, in which the machine attained 1.20x on 2026-11-20, not 1.95x" in told


def test_tests_threads_and_processors_have_trends_of_their_own(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    several = [entry(), entry(test="b"), entry(threads=4), entry(cpu="Xeon"), entry()]
    names = [line for line in shown(file, several, capsys) if " threads in " in line]
    assert names == [
        "test_a.py::test_it, 2 vs 1 threads in current on EPYC",
        "b: test_it, 2 vs 1 threads in current on EPYC",
        "test_a.py::test_it, 4 vs 1 threads in current on EPYC",
        "test_a.py::test_it, 2 vs 1 threads in current on Xeon",
    ]


@pytest.mark.parametrize(
    ("options", "figure"), [((), "speed-up"), (("--figure=wall_s",), "wall time"), (("--figure=cores",), "busy cores")]
)
def test_a_figure_may_be_chosen(
    file: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], figure: str
) -> None:
    assert shown(file, series(1.9, 1.8), capsys, *options)[2].startswith(figure)


def test_without_a_speedup_the_busy_cores_are_shown(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(file, [entry(None)], capsys)[2].startswith("busy cores")


def test_of_a_long_history_the_last_runs_are_drawn(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = shown(file, [entry(1.9) for _ in range(60)], capsys)
    assert told[2].split()[1] == "60"
    assert told[2].split()[-1] == "..." + 40 * told[2][-1]


def test_a_history_without_results_says_so(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("")
    assert shown(file, [], capsys) == [f"{file} holds no result yet"]
    assert shown(file, [entry()], capsys, "--test=other") == [f"{file} holds no such result"]
    assert shown(file, [], capsys, "--figure=efficiency") == [f"{file} holds no such result"]


def test_a_torn_line_is_told_and_a_missing_file_too(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(file, [entry()])
    with file.open("a") as text:
        text.write('{"history":1,"da')
    assert main(["history", str(file)]) == 0
    assert "line 2 left out: torn" in capsys.readouterr().err
    assert main(["history", str(file.with_name("none"))]) == 2
    assert "none cannot be read: No such file or directory; expected a history" in capsys.readouterr().err


def test_without_ruptures_the_trends_are_printed_all_the_same(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    told = shown(file, series(*[1.9] * 6, *[1.0] * 4), capsys)
    assert told[2].endswith("██████▁▁▁▁")
    assert told[-1] == NO_RUPTURES


@pytest.mark.parametrize(
    ("values", "breaks", "line"),
    [
        ([], (), ""),
        ([1.0], (), "▅"),
        ([1.0, 1.01, 0.99], (), "▅▅▄"),
        ([1.0, 2.0, 1.5], (1,), "▁|█▅"),
        ([0.0, 0.0], (), "▅▅"),
    ],
)
def test_a_sparkline_rises_with_the_values_and_noise_stays_low(
    values: list[float], breaks: tuple[int, ...], line: str
) -> None:
    assert sparkline(values, breaks) == line


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", None, "no such"])
def test_an_output_without_blocks_gets_plain_characters(
    encoding: str | None, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert levels_for(encoding) == ASCII
    assert levels_for("utf-8") != ASCII
    append(file, series(1.0, 2.0))
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    main(["history", str(file)])
    sys.stdout.flush()
    assert raw.getvalue().decode("ascii").splitlines()[2].endswith(" _#")


def test_each_figure_of_the_option_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["history", "--help"])
    text = capsys.readouterr().out
    assert all(figure in text for figure in ("speedup", "efficiency", "cpu_inflation", "cores", "wall_s"))
