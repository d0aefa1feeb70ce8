"""Reports of several machines joined into one."""

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.reports.html.page import html_report
from pytest_multicore.reports.merge import host_names

from .literals import measured, reported, unmeasured, valid, written

ARM, X86 = reported(measured(1.8), cpu="Arm"), reported(measured(1.1), unmeasured(), cpu="x86")


def merge(folder: Path, *files: str) -> dict[str, Any]:
    """The report that these files become, if they do."""
    output = folder / "joined" / "all.json"
    assert main(["merge", *files, "-o", str(output)]) == 0
    return valid(json.loads(output.read_text()))


def refused(capsys: pytest.CaptureFixture[str], *files: str) -> str:
    output = Path(files[0].rpartition("=")[2]).with_name("refused.json")
    assert main(["merge", *files, "-o", str(output)]) == 2
    assert not output.exists()
    return capsys.readouterr().err


def test_each_result_names_its_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A matrix's artifacts are files of one name in folders of their own."""
    arm = written(tmp_path / "arm" / "report.json", ARM)
    x86 = written(tmp_path / "x86" / "report.json", X86)
    whole = merge(tmp_path, str(arm), str(x86))
    assert [record["host"] for record in whole["results"]] == ["arm", "x86", "x86"]
    assert [(machine["host"], machine["cpu"]) for machine in whole["machines"]] == [("arm", "Arm"), ("x86", "x86")]
    assert whole["machine"] == whole["machines"][0]
    assert [(one["file"], one["hosts"]) for one in whole["merged_from"]] == [(str(arm), ["arm"]), (str(x86), ["x86"])]
    assert [{**one, "host": None} for one in whole["results"]] == [
        {**one, "host": None} for one in (*ARM["results"], *X86["results"])
    ]
    assert capsys.readouterr().out.endswith("all.json: 3 results of 2 hosts (arm, x86)\n")


def test_all_commands_read_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path / "a.json", ARM), written(tmp_path / "b.json", X86)
    merge(tmp_path, *map(str, files))
    joined = str(tmp_path / "joined" / "all.json")
    assert main(["judge", joined]) == 0
    assert main(["export", joined, "--format", "markdown"]) == 0
    shown = capsys.readouterr().out
    assert "| a | tests/test&#95;a" in shown or "| a | tests/test_a.py::test_it |" in shown
    assert "b: x86, 8 cores granted" in shown


def test_a_joined_report_can_be_joined_again(tmp_path: Path) -> None:
    files = written(tmp_path / "a.json", ARM), written(tmp_path / "b.json", X86)
    first = merge(tmp_path, *map(str, files))
    both = written(tmp_path / "first.json", {**first, "lost_hosts": [lost_host("z")]})
    third = written(tmp_path / "c.json", reported(measured(1.5), cpu="third"))
    whole = merge(tmp_path, str(both), str(third), f"a={files[0]}")
    assert [record["host"] for record in whole["results"]] == ["a", "b", "b", "c"]
    assert [one["host"] for one in whole["lost_hosts"]] == ["z"]
    assert [Path(part["file"]).name for part in whole["merged_from"]] == ["a.json", "b.json", "c.json", "a.json"]


def test_a_session_that_was_cut_short_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other files' sessions ended as they should."""
    ended = written(tmp_path / "a.json", ARM)
    killed = written(
        tmp_path / "b.json", {**X86, "cut_short": {"by": "SIGTERM", "not_measured": ["t.py::x", "t.py::y"]}}
    )
    first = merge(tmp_path, str(ended), str(killed))
    told = {"by": f"b ({killed}): SIGTERM", "not_measured": ["t.py::x", "t.py::y"]}
    assert first["cut_short"] == told
    stopped = reported(measured(1.5), cpu="third")
    third = written(tmp_path / "c.json", {**stopped, "cut_short": {"by": "Ctrl-C", "not_measured": ["t.py::y", "z"]}})
    both = written(tmp_path / "first.json", first)
    whole = merge(tmp_path, str(both), str(third))
    assert whole["cut_short"] == {
        "by": f"{told['by']}; c ({third}): Ctrl-C",
        "not_measured": ["t.py::x", "t.py::y", "z"],
    }
    capsys.readouterr()
    assert main(["export", str(tmp_path / "joined" / "all.json"), "--format", "markdown"]) == 0
    assert "**cut short** by b (" in capsys.readouterr().out
    assert "SIGTERM; c (" in html_report(whole)


def lost_host(name: str) -> dict[str, Any]:
    return {"host": name, "error": "gone", "nodeid": None, "not_measured": []}


def test_hosts_can_be_named_and_one_may_have_several_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = written(tmp_path / "1.json", reported(measured(1.8), measured(1.7)))
    second = written(tmp_path / "2.json", reported(measured(1.8), measured(1.7), measured(1.6, test="b.py::test_b")))
    whole = merge(tmp_path, f"ci={first}", f"ci={second}")
    assert [machine["host"] for machine in whole["machines"]] == ["ci"]
    assert [round(record["measured_speedup"]["estimate"], 2) for record in whole["results"]] == [1.8, 1.7, 1.6]
    assert "5 results of 1 host (ci); 2 of them stood in two files, and count once" in capsys.readouterr().out


def test_the_machine_has_attained_the_most_of_all_its_files(tmp_path: Path) -> None:
    files = []
    for number, attained in enumerate((1.9, None, 3.5)):
        report = reported(measured(1.8, test=f"test_{number}.py::test_it"))
        files.append(
            written(
                tmp_path / f"{number}.json", {**report, "machine": {**report["machine"], "cores_attainable": attained}}
            )
        )
    assert merge(tmp_path, *(f"ci={file}" for file in files))["machine"]["cores_attainable"] == 3.5


def test_what_all_files_say_of_their_session_stays_and_the_rest_is_kept_by_file(tmp_path: Path) -> None:
    files = [
        str(written(tmp_path / f"{name}.json", {**report, "project": "p", "began": began}))
        for name, report, began in (("a", ARM, 1), ("b", X86, 2))
    ]
    output = tmp_path / "all.json"
    assert main(["merge", *files, "-o", str(output)]) == 0
    whole = json.loads(output.read_text())
    assert whole["project"] == "p"
    assert "began" not in whole
    assert [part["session"]["began"] for part in whole["merged_from"]] == [1, 2]


def test_two_figures_of_one_test_on_one_host_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = written(tmp_path / "1.json", reported(measured(1.8)))
    second = written(tmp_path / "2.json", reported(measured(1.7)))
    error = refused(capsys, f"ci={first}", f"ci={second}")
    assert f"{second} and {first} both hold tests/test_a.py::test_it on host ci, with other figures" in error


def test_one_test_may_be_measured_by_threads_and_by_cores_on_one_host(tmp_path: Path) -> None:
    first = written(tmp_path / "1.json", reported(measured(1.8)))
    second = written(tmp_path / "2.json", reported(measured(1.7, vary="cores")))
    whole = merge(tmp_path, f"ci={first}", f"ci={second}")
    assert [record.get("vary") for record in whole["results"]] == ["threads", "cores"]


def test_two_machines_of_one_name_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path / "1.json", ARM), written(tmp_path / "2.json", X86)
    error = refused(capsys, f"ci={files[0]}", f"ci={files[1]}")
    assert f"{files[1]}: its host ci has cpu 'x86', in an earlier file 'Arm'" in error


def test_a_copy_is_no_second_host(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = written(tmp_path / "1.json", ARM), written(tmp_path / "2.json", ARM)
    assert "as one of host 2 and not 1: is it a copy?" in refused(capsys, *map(str, files))


def test_a_file_without_what_a_report_has_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = written(tmp_path / "1.json", ARM)
    bad = written(tmp_path / "2.json", {**X86, "results": [{"nodeid": "a"}]})
    assert f"{bad}: a result does not hold what schema 1 says" in refused(capsys, str(good), str(bad))
    assert "expected HOST=FILE" in refused(capsys, f"={good}")


@pytest.mark.parametrize(
    ("files", "names"),
    [
        (["a.json", "b.json"], ["a", "b"]),
        (["x/report.json", "y/report.json"], ["x", "y"]),
        (["x/1/r.json", "y/1/r.json"], ["x/1/r.json", "y/1/r.json"]),
        (["r.json", "x/r.json"], ["r.json", "x/r.json"]),
    ],
)
def test_names_tell_files_apart(files: list[str], names: list[str]) -> None:
    assert host_names([Path(file) for file in files]) == names
