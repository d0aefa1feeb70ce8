"""``--dist=each``: each host holds the gates, results name it, and a lost host takes nothing with it.

Gateways of execnet on this machine stand for hosts: in folders of their own, or behind an ``ssh`` that goes nowhere.
"""

import json
import os
import re
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import execnet
import jsonschema
import pytest

from pytest_multicore.pytest_side.hosts import Hosts
from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.docs.pages import code_blocks, text_of
from tests.fixture_types import Undecided

MANY = text_of("how-to/many-machines")
#: Not pytest's own plugins: loading all that are installed takes longer than these tests.
XDIST = ("-p", "xdist", "-p", "xdist.looponfail", "-p", "no:cacheprovider", "-W", "ignore::DeprecationWarning")
#: Never measured, so that a session of several hosts is over soon.
UNREACHABLE = """
    import os, signal
    import pytest
    gated = pytest.mark.multicore(min_cores=100_000)

    @gated
    def test_first(): pass

    def test_ordinary():
        if os.path.basename(os.getcwd()) == {lost!r}:
            os.kill(os.getpid(), signal.SIGKILL)

    @gated
    def test_last(): pass
"""
#: The last two arguments are the host and the command.
SSH = """\
#!/bin/sh
while [ $# -gt 2 ]; do shift; done
mkdir -p "$MADE_HOSTS/$1" && cd "$MADE_HOSTS/$1" && exec sh -c "$2"
"""


@pytest.fixture
def hosts(pytester: pytest.Pytester, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the hosts, outside of the project's; an ``ssh`` that runs commands there is on the path."""
    folder = tmp_path / "hosts"
    binaries = tmp_path / "bin"
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
    binaries.mkdir()
    (binaries / "ssh").write_text(SSH)
    (binaries / "ssh").chmod(0o755)
    monkeypatch.setenv("PATH", f"{binaries}:{os.environ['PATH']}")
    monkeypatch.setenv("MADE_HOSTS", str(folder))
    pytester.mkdir("tests")
    return folder


def given(pytester: pytest.Pytester, source: str, **values: object) -> None:
    pytester.makepyfile(**{"tests/test_it": source.format(**values) if values else source})


def session(pytester: pytest.Pytester, *options: str) -> tuple[pytest.RunResult, dict[str, Any]]:
    """A session, and its report, which keeps to the schema."""
    result = pytester.runpytest_subprocess(*XDIST, *options, "--multicore-json=report.json")
    report: dict[str, Any] = json.loads((pytester.path / "report.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    return result, report


def popen(pytester: pytest.Pytester, hosts: Path) -> list[str]:
    gateways = [option for name in ("a", "b") for option in ("--tx", f"popen//chdir={hosts / name}")]
    tests = str(pytester.path / "tests")
    return ["--dist=each", *gateways, "--rsyncdir=tests", tests]


def measured_on(report: dict[str, Any]) -> list[tuple[str, str]]:
    return sorted((record["host"], record["nodeid"].rpartition("::")[2]) for record in report["results"])


def test_each_host_has_its_results_its_facts_and_its_table(pytester: pytest.Pytester, hosts: Path) -> None:
    given(pytester, UNREACHABLE, lost="none")
    result, report = session(pytester, "--junitxml=junit.xml", *popen(pytester, hosts))
    result.assert_outcomes(passed=2, skipped=4)
    everything = [("gw0", "test_first"), ("gw0", "test_last"), ("gw1", "test_first"), ("gw1", "test_last")]
    assert measured_on(report) == everything
    assert [machine["host"] for machine in report["machines"]] == ["gw0", "gw1"]
    assert report["machine"] == report["machines"][0]
    assert "lost_hosts" not in report
    sections = re.findall(r"= multicore: host (\w+): .* cores? granted =", result.stdout.str())
    assert sections == ["gw0", "gw1"]
    properties = re.findall(r'name="multicore_host" value="(\w+)"', (pytester.path / "junit.xml").read_text())
    assert sorted(properties) == ["gw0", "gw0", "gw1", "gw1"]


def test_a_lost_host_is_reported_and_the_others_go_on(pytester: pytest.Pytester, hosts: Path) -> None:
    given(pytester, UNREACHABLE, lost="b")
    result, report = session(pytester, "--max-worker-restart=0", *popen(pytester, hosts))
    result.assert_outcomes(passed=1, skipped=3, failed=1)
    assert measured_on(report) == [("gw0", "test_first"), ("gw0", "test_last"), ("gw1", "test_first")]
    (lost,) = report["lost_hosts"]
    assert lost["host"] == "gw1"
    assert lost["nodeid"] == "tests/test_it.py::test_ordinary"
    assert lost["not_measured"] == ["tests/test_it.py::test_last"]
    result.stdout.fnmatch_lines(
        ["ERROR: host gw1 was lost while it ran tests/test_it.py::test_ordinary (*); * not there: *::test_last"]
    )


def test_a_worker_that_takes_a_lost_ones_place_is_of_its_host(pytester: pytest.Pytester, hosts: Path) -> None:
    given(pytester, UNREACHABLE, lost="b")
    result, report = session(pytester, *popen(pytester, hosts))
    result.assert_outcomes(passed=1, skipped=4, failed=1)
    assert ("gw1", "test_last") in measured_on(report)
    assert {host for host, _ in measured_on(report)} == {"gw0", "gw1"}
    assert report["lost_hosts"][0]["not_measured"] == []


def test_a_host_that_is_lost_between_tests_fails_the_session(pytester: pytest.Pytester, hosts: Path) -> None:
    """No test fails then: but not all was measured."""
    given(pytester, UNREACHABLE, lost="none")
    pytester.makepyfile(
        **{
            "tests/conftest": """
            import os

            def pytest_sessionfinish():
                if os.path.basename(os.getcwd()) == "b":
                    os._exit(1)
            """
        }
    )
    result, report = session(pytester, "--max-worker-restart=0", *popen(pytester, hosts))
    assert result.parseoutcomes().get("failed") is None
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert [(lost["host"], lost["nodeid"]) for lost in report["lost_hosts"]] == [("gw1", None)]
    assert len(report["results"]) == 4


def test_github_is_told_which_host(pytester: pytest.Pytester, hosts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(pytester.path / "summary.md"))
    given(pytester, UNREACHABLE, lost="b")
    result, _ = session(pytester, "--max-worker-restart=0", *popen(pytester, hosts))
    result.stdout.fnmatch_lines(
        [
            "::notice file=*title=pytest-multicore::gw0: *::test_first: min_cores=100000 cannot be reached*",
            "::error title=pytest-multicore::gw1 was lost while it ran *",
        ]
    )
    summary = (pytester.path / "summary.md").read_text()
    assert "| host | test |" in summary
    assert "- **host lost** gw1 was lost while it ran tests/test&#95;it" in summary.replace("test_it", "test&#95;it")
    assert summary.count(" cores granted, ") == 2


def of_page(word: str) -> list[str]:
    """The arguments of the page's command that has this word."""
    lines = [line for block in code_blocks(MANY, "console") for line in block.splitlines()]
    (line,) = (line for line in lines if line.startswith("$ pytest ") and word in line)
    return shlex.split(line)[2:]


def test_the_pages_command_measures_on_each_host(pytester: pytest.Pytester, hosts: Path, undecided: Undecided) -> None:
    """Through ssh, as far as execnet and pytest-xdist see; and one measurement at a time, for the machine is one."""
    given(
        pytester,
        """
        import pytest, time
        from pathlib import Path
        DIARY = Path({diary!r})

        @pytest.mark.multicore(min_cores=0.5, threads=1)
        def test_it():
            began = time.monotonic()
            while time.monotonic() < began + 0.05:
                pass
            with DIARY.open("a") as diary:
                diary.write(f"{{Path.cwd().parent.name}} {{began}} {{time.monotonic()}}\\n")
        """,
        diary=str(hosts / "diary"),
    )
    arguments = [
        one.replace("$PWD", str(pytester.path)) for one in of_page("--rsyncdir") if "--multicore-json" not in one
    ]
    result, report = session(pytester, *arguments)
    if result.parseoutcomes().get("skipped"):
        undecided("the machine was too busy")
    result.assert_outcomes(passed=2)
    assert measured_on(report) == [("alpha", "test_it"), ("beta", "test_it")]
    assert all(record["nodeid"] == "tests/test_it.py::test_it" for record in report["results"])
    assert all(record["cores"]["estimate"] > 0.5 for record in report["results"])
    rounds = [line.split() for line in (hosts / "diary").read_text().splitlines()]
    assert {host for host, *_ in rounds} == {"alpha", "beta"}
    # Each host's first call, its rounds come after: from there on no round of one overlaps one of the other.
    spans = {
        host: sorted((float(b), float(e)) for name, b, e in rounds if name == host)[1:] for host in ("alpha", "beta")
    }
    overlaps = [1 for b, e in spans["alpha"] for other_b, other_e in spans["beta"] if b < other_e and other_b < e]
    assert overlaps == []


def test_the_pages_command_for_checkouts(pytester: pytest.Pytester, hosts: Path) -> None:
    """The tests lie on the hosts already."""
    for name in ("alpha", "beta"):
        tests = hosts / name / "checkout" / "tests"
        tests.mkdir(parents=True)
        (tests / "test_it.py").write_text(
            f"import pytest\n@pytest.mark.multicore(min_cores=1e5)\ndef test_{name}(): pass\n"
        )
    result, report = session(pytester, *of_page("chdir="))
    assert result.ret == pytest.ExitCode.OK
    assert measured_on(report) == [("alpha", "test_alpha"), ("beta", "test_beta")]


def named(dist: str, *gateways: str) -> list[str | None]:
    """The names of these gateways' hosts, in their order."""
    group, config = execnet.Group(), SimpleNamespace(option=SimpleNamespace(dist=dist))
    specs = [execnet.XSpec(gateway) for gateway in gateways]
    for spec in specs:
        group.allocate_id(spec)
    hosts = Hosts(cast(pytest.Config, config))
    hosts.pytest_xdist_setupnodes(specs)
    names = []
    for spec in specs:
        record: dict[str, Any] = {}
        report = SimpleNamespace(
            node=SimpleNamespace(gateway=SimpleNamespace(spec=spec)),
            nodeid="test_a.py::test_it",
            when="call",
            multicore=[record],
            multicore_machine={},
        )
        hosts.pytest_runtest_logreport(cast(pytest.TestReport, report))
        names.append(record.get("host"))
    assert list(hosts.machines) == [name for name in names if name]
    return names


@pytest.mark.parametrize(
    ("gateways", "names"),
    [
        (["ssh=a", "ssh=me@b", "socket=c:8888"], ["a", "me@b", "c:8888"]),
        (["ssh=a//id=first", "popen//id=second"], ["first", "second"]),
        (["ssh=a", "ssh=b", "ssh=a"], ["a (gw0)", "b", "a (gw2)"]),
        (["popen", "popen//chdir=x"], ["gw0", "gw1"]),
    ],
)
def test_hosts_are_named_after_their_places(gateways: list[str], names: list[str]) -> None:
    assert named("each", *gateways) == names


def test_workers_that_share_the_tests_are_hosts_where_they_run_elsewhere() -> None:
    assert named("load", "popen", "popen") == [None, None]
    assert named("load", "ssh=a", "popen", "popen//via=a") == ["a", None, "gw2"]
