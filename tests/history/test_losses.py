"""What a test lost against its base: kept in a history, and told by what compares two runs and by the trends."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.errors import UsageError
from pytest_multicore.reports.history.changes import Kind, pair_of, pairs_of_runs
from pytest_multicore.reports.history.drawing import drawing
from pytest_multicore.reports.history.entry import entries_of
from pytest_multicore.reports.history.history_file import SCHEMA_FILE, append, read
from pytest_multicore.reports.history.trends import trends
from pytest_multicore.reports.history.words import pair_lines, since_last_line
from pytest_multicore.reports.origin import Origin
from tests.reports.literals import against_base, reported, written

from .literals import bounds, entry


def against(low: float | None, loss: float, high: float | None, base: str = "git:main") -> dict[str, Any]:
    return {"base": base, "loss": bounds(low, loss, high)}


@pytest.mark.parametrize(
    ("now", "before", "told"),
    [
        (
            against(0.44, 0.45, 0.46),
            against(-0.01, 0.01, 0.03),
            "against git:main: lost by threading 45 [44, 46] %, earlier lost by threading 1.0 [-1.0, 3.0] %, moved",
        ),
        (
            against(-1.0, -0.9, -0.8),
            against(0.0, 0.01, 0.03),
            "against git:main: won by threading 90 [80, 100] %, earlier lost by threading 1.0 [0.0, 3.0] %, moved",
        ),
        (
            against(0.0, 0.02, 0.04),
            against(-0.01, 0.01, 0.03),
            "against git:main: lost by threading 2.0 [0.0, 4.0] %, earlier lost by threading 1.0 [-1.0, 3.0] %",
        ),
        (
            against(0.44, 0.45, 0.46),
            against(-0.01, 0.01, None, "git:v1"),
            "against git:main: lost by threading 45 [44, 46] %, earlier lost by threading 1.0 [-1.0, ?] % "
            "against git:v1",
        ),
        (against(0.44, 0.45, 0.46), None, "against git:main: lost by threading 45 [44, 46] %"),
        (
            None,
            against(0.44, 0.45, 0.46),
            "the earlier result, against git:main: lost by threading 45 [44, 46] %",
        ),
    ],
    ids=["lost", "won", "unmoved", "another base", "no base before", "no base now"],
)
def test_a_loss_against_a_base_is_told_wherever_it_is_there(now: object, before: object, told: str) -> None:
    """It fails nothing: it may be the base that changed."""
    found = pair_of(entry(against=now), entry(against=before))
    assert list(pair_lines(found)) == ["test_a.py::test_it: no figure moved beyond its interval", f"  {told}"]
    assert (found.kind, found.worse, found.better) == (Kind.BOTH, False, False)
    assert ("; moved too: lost by threading 1.0 " in since_last_line(found)) is told.endswith("moved")


def test_a_new_test_tells_its_loss_and_one_without_a_base_none() -> None:
    lost = entry(against=against(0.44, 0.45, 0.46))
    assert list(pair_lines(pairs_of_runs([lost], [])[0]))[1:] == ["  against git:main: lost by threading 45 [44, 46] %"]
    assert len(list(pair_lines(pair_of(entry(), entry())))) == 1


def test_an_entry_keeps_base_and_loss_alone() -> None:
    (kept,) = entries_of([against_base(0.1, 0.1, cores=1.0)], "EPYC", Origin())
    assert kept.result["against"] == {"base": "git:main", "loss": bounds(0.5, 0.5, 0.5)}
    assert kept.base == "git:main"


def test_what_is_appended_is_read_again_and_a_line_from_before_is_too(tmp_path: Path) -> None:
    file, lost = tmp_path / "history.jsonl", entry(against=against(None, -0.9, 0.03))
    append(file, [lost, entry()])
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    for line in lines:
        jsonschema.validate(line, json.loads(SCHEMA_FILE.read_text()))
    del lines[1]["result"]["against"]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read(file).entries == (lost, entry())


@pytest.mark.parametrize(
    "spoilt",
    [{"base": 5, "loss": bounds(0, 0, 0)}, {"base": "x", "loss": bounds(0, 1.5, 2)}, against(0.2, 0.1, 0.0), 5],
    ids=["base", "more than all", "bounds", "no object"],
)
def test_a_line_with_a_loss_that_is_none_is_named(tmp_path: Path, spoilt: Any) -> None:
    append(tmp_path / "history.jsonl", [entry(against=spoilt)])
    with pytest.raises(UsageError, match="line 1 does not hold what history schema 1 says"):
        read(tmp_path / "history.jsonl")


def test_two_reports_tell_the_loss_of_each_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [
        written(tmp_path / name, reported(against_base(two_s, 0.1, cores)))
        for name, two_s, cores in (("a.json", 0.05, 2.0), ("b.json", 0.1, 1.0))
    ]
    assert main(["compare", *map(str, files)]) == 1, "the speed-up is worse"
    told = capsys.readouterr().out
    assert "\n  against git:main: lost by threading 50 [50, 50] %, earlier lost by threading 0 " in told
    assert told.count("lost by threading 50 ") == 1


def test_the_loss_against_each_base_has_a_trend_beside_the_speedups(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("ruptures")
    file = tmp_path / "history.jsonl"
    losses = [*[against(-0.01, 0.01, 0.03)] * 6, *[against(0.44, 0.45, 0.46)] * 4, against(-1.5, -1.0, -0.5, "git:v1")]
    append(file, [entry(against=one, commit=f"{number:07}") for number, one in enumerate(losses)] + [entry()])
    assert main(["history", str(file)]) == 0
    _, *told = capsys.readouterr().out.splitlines()
    name = "test_a.py::test_it, 2 vs 1 threads in current"
    assert [line for line in told if " threads in " in line] == [
        name,
        f"{name}, against git:main",
        f"{name}, against git:v1",
    ]
    (row,) = (told[place + 1] for place, line in enumerate(told) if line.endswith("git:main"))
    assert row.split("  ")[0] == "lost by threading"
    assert "45 [44, 46] %" in row
    assert row.endswith("██████|▁▁▁▁")
    (turn,) = (line for line in told if "changed from" in line)
    assert turn.startswith("  changed from 1.0 % to 45 % (+44 points) between ")
    assert main(["history", str(file), "--figure=loss", f"--svg={tmp_path / 'drawn.svg'}"]) == 0
    assert sum(" threads in " in line for line in capsys.readouterr().out.splitlines()) == 2
    drawn = (tmp_path / "drawn.svg").read_text()
    assert "+44 points" in drawn
    assert "-100 [-150, -50] %" in drawn


def test_runs_without_a_base_have_no_trend_of_a_loss() -> None:
    assert [trend.figure.key for trend in trends([entry(), entry()])] == ["speedup"]
    assert trends([entry()], "loss") == []
    assert drawing(trends([entry(against=against(0.0, 0.0, 0.0))], "loss")).count("<circle") == 1
