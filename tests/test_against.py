"""Tests that are compared with a base, from a user's side: a project in a repository, its commits, and real cores."""

import json
import subprocess
from typing import Any

import jsonschema
import psutil
import pytest

from pytest_multicore.__main__ import main
from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.absent import skip_where_absent
from tests.fixture_types import Undecided

pytestmark = pytest.mark.skipif(
    len(psutil.Process().cpu_affinity()) < 2, reason="on one core there is no speed-up to lose"
)

PYPROJECT = """
[project]
name = "toy"
version = "1.0"
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
packages = ["toy"]
[tool.pytest.ini_options]
"""
#: hashlib lets go of the interpreter's lock.
WORK = """
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
BLOCK = bytes(8_000_000)
POOL = ThreadPoolExecutor(THREADS)
LOCK = threading.Lock()

def digest(part):
    return hashlib.sha256(part).digest()

def digest_alone(part):
    with LOCK:
        return digest(part)

def split(digest):
    return list(POOL.map(digest, [BLOCK[: len(BLOCK) // THREADS]] * THREADS))
"""
PARALLEL = WORK + "\ndef work():\n    split(digest)\n"
LOCKED = WORK + "\ndef work():\n    split(digest_alone)\n"
TWICE = WORK + "\ndef work():\n    split(digest)\n    split(digest)\n"

TEST = "import pytest, toy\n@pytest.mark.multicore(threads=2{marker})\ndef test_work():\n    toy.work()\n"


class Project:
    """A project whose commit ``good`` and whose working tree have each its work."""

    def __init__(self, pytester: pytest.Pytester, base: str, now: str, test: str = TEST.format(marker="")) -> None:
        self.pytester = pytester
        # A conftest.py at the top puts the project's folder before all others.
        files = {"pyproject.toml": PYPROJECT, "conftest.py": "import toy\n", "toy/__init__.py": base}
        (pytester.path / "toy").mkdir()
        for name, text in files.items():
            (pytester.path / name).write_text(text)
        for command in ("init --quiet", "add .", "commit --quiet --message good", "tag good"):
            identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
            subprocess.run(["git", *identity, *command.split()], cwd=pytester.path, check=True)
        (pytester.path / "toy/__init__.py").write_text(now)
        (pytester.path / "test_toy.py").write_text(test)

    def run(self, *options: str) -> tuple[pytest.RunResult, list[dict[str, Any]]]:
        """Run the tests against the commit, and return the report's results, too."""
        result = self.pytester.runpytest_subprocess(
            "--multicore-against=git:good", "--multicore-json=report.json", "-rs", *options
        )
        report = json.loads((self.pytester.path / "report.json").read_text())
        jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
        return result, report["results"]


def decided(told: dict[str, Any], undecided: Undecided) -> dict[str, Any]:
    """What was told of a base, where the machine gave an answer."""
    if told["outcome"] == "inconclusive":
        skip_where_absent(told["reason"])
        if told["verdicts"]:
            undecided(told["reason"])
    against: dict[str, Any] = told["against"]
    return against


def test_a_loss_by_threading_fails_and_is_told(pytester: pytest.Pytester, undecided: Undecided) -> None:
    project = Project(pytester, PARALLEL, LOCKED)
    result, (told,) = project.run()
    against = decided(told, undecided)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [
            "test_work in environment current: max_loss missed",
            "*limit *max_loss=0.1; measured * %*",
            "*base *against git:good: threading regression: *x for *x; lost by threading *",
            "*differ *commit ???????????? -> the working tree*",
        ]
    )
    assert (against["base"], against["change"]) == ("git:good", "threading regression")
    assert 0.1 < against["loss"]["low"] <= against["measured_loss"]["estimate"] < 0.6
    assert [taken["threads"] for taken in told["rounds"][:4]] == [2, 1, 2, 1]
    assert main(["judge", str(pytester.path / "report.json")]) == 0, "its rounds give the same verdicts again"


def test_the_same_work_has_lost_nothing(pytester: pytest.Pytester, undecided: Undecided) -> None:
    result, (told,) = Project(pytester, PARALLEL, PARALLEL + "# a comment\n").run("--multicore-strict")
    against = decided(told, undecided)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["test_work: against git:good: no loss: *"])
    assert against["change"] == "no loss"
    assert against["loss"]["high"] <= 0.1


@pytest.mark.slow
@pytest.mark.parametrize("marker", ["", ", max_slowdown=0.5"])
def test_what_is_slower_on_one_thread_is_told_and_fails_by_a_limit_alone(
    pytester: pytest.Pytester, undecided: Undecided, marker: str
) -> None:
    result, (told,) = Project(pytester, PARALLEL, TWICE, TEST.format(marker=marker)).run()
    against = decided(told, undecided)
    result.assert_outcomes(**{"failed" if marker else "passed": 1})
    said = {verdict["quantity"]: verdict["outcome"] for verdict in told["verdicts"]}
    assert against["slowdown"]["estimate"] == pytest.approx(1, abs=0.4)
    if marker:
        # It ends with the miss, which may be before the loss is decided.
        assert said["max_slowdown"] == "failed"
        assert said["max_loss"] != "failed"
    else:
        assert said == {"max_loss": "passed"}
        assert against["change"] == "slower, not by threading"
        result.stdout.fnmatch_lines(["*against git:good: slower, not by threading: *"])


FIXTURE = """
import pytest

@pytest.mark.multicore(threads=2)
def test_speedup(multicore):
    assert multicore.speedup("toy:work").speedup.estimate > 0

def test_scaling(multicore):
    assert multicore.scaling("toy:work", threads=[1, 2]).speedups

def test_call(isolated_interpreter):
    assert isolated_interpreter(threads=1).call("toy:work") is None
"""


@pytest.mark.slow
def test_fixtures_measure_the_base_too(pytester: pytest.Pytester, undecided: Undecided) -> None:
    """A series has no base, and a call of a test without limits is not measured."""
    result, told = Project(pytester, PARALLEL, LOCKED, FIXTURE).run()
    against = decided(told[0], undecided)
    result.assert_outcomes(failed=1, passed=2)
    assert [one["nodeid"].partition("::")[2] for one in told] == ["test_speedup", "test_scaling"]
    assert against["change"] == "threading regression"
    assert (told[1]["against"], told[1]["verdicts"]) == (None, [])
    assert "a scaling series is measured without the base git:good" in told[1]["notes"]
    assert len(told[1]["rounds"]) > 10, "it ends when its figures have bounds"


@pytest.mark.exhaustive
def test_new_interpreters_for_every_round(pytester: pytest.Pytester, undecided: Undecided) -> None:
    marker = ", fresh=True, max_loss=0.2"
    result, (told,) = Project(pytester, PARALLEL, LOCKED, TEST.format(marker=marker)).run()
    against = decided(told, undecided)
    result.assert_outcomes(failed=1)
    assert against["change"] == "threading regression"


# -- what cannot be compared ------------------------------------------------------------------------------------------
CANNOT = {
    "fails": ("    raise OSError('no disk')", "OSError: no disk"),
    "skips": ("    import pytest; pytest.skip('not there')", "it skips there: not there"),
    "ends": ("    import os; os._exit(3)", "*ended*"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("body", "why"), CANNOT.values(), ids=CANNOT)
def test_a_base_in_which_the_test_does_not_pass(pytester: pytest.Pytester, body: str, why: str) -> None:
    result, (told,) = Project(pytester, f"{WORK}\ndef work():\n{body}\n", PARALLEL).run()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines([f"*inconclusive: test_work: the test does not pass with git:good: {why}"])
    assert (told["outcome"], told["rounds"]) == ("inconclusive", [])


@pytest.mark.slow
def test_a_base_that_lacks_what_the_test_imports(pytester: pytest.Pytester) -> None:
    test = TEST.format(marker="").replace("import pytest, toy\n", "import pytest, toy\nfrom toy import POOL, work\n")
    result, _ = Project(pytester, "def other():\n    pass\n", PARALLEL, test).run()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*the test does not pass with git:good: *"])


@pytest.mark.slow
def test_a_test_that_fails_is_told_first(pytester: pytest.Pytester) -> None:
    result, told = Project(pytester, PARALLEL, "def work():\n    raise OSError('no disk')\n").run()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *OSError: no disk"])
    assert told == []


@pytest.mark.slow
def test_a_base_of_which_nothing_is_imported(pytester: pytest.Pytester, undecided: Undecided) -> None:
    test = "import pytest\n@pytest.mark.multicore(threads=2)\ndef test_work():\n    sum(range(50_000))\n"
    project = Project(pytester, PARALLEL, LOCKED, test)
    (pytester.path / "conftest.py").unlink()
    result, (told,) = project.run()
    decided(told, undecided)
    result.assert_outcomes(passed=1)
    assert "nothing of git:good was imported: program and base are the same" in told["notes"]


@pytest.mark.slow
def test_a_base_that_was_imported_from_elsewhere_decides_nothing(pytester: pytest.Pytester) -> None:
    """The test puts its own module in the base's place."""
    test = (
        "import pytest, sys, types\n"
        "mine = types.ModuleType('toy')\nmine.__file__, mine.work = __file__, lambda: sum(range(50_000))\n"
        "sys.modules['toy'] = mine\n"
        "@pytest.mark.multicore(threads=2)\ndef test_work():\n    mine.work()\n"
    )
    result, (told,) = Project(pytester, PARALLEL, LOCKED, test).run()
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*toy of git:good: the base's modules were imported from elsewhere*"])
    assert [verdict["open_reason"] for verdict in told["verdicts"]] == ["not-the-base"]
    assert told["against"]["change"] == "undecided"
    assert main(["judge", str(pytester.path / "report.json")]) == 0


@pytest.mark.slow
def test_limits_on_a_base_hold_nothing_without_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n@pytest.mark.multicore(threads=2, max_loss=0.2, max_slowdown=0)\n"
        "def test_a():\n    sum(range(50_000))\n"
        "@pytest.mark.multicore(max_loss=0.2)\ndef test_b(isolated_interpreter):\n    pass\n"
    )
    result = pytester.runpytest_subprocess("--multicore-json=report.json")
    result.assert_outcomes(passed=2)
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert (told["outcome"], told["verdicts"], told["against"]) == ("measured", [], None)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        (
            "nowhere",
            "*found no PACKAGE==VERSION and no git:REF, and: environment 'nowhere' is not known; expected one*",
        ),
        ("numpy>=1", "*environment 'numpy>=1' is not known*"),
        ("numpy==1.*", "*expected one release of one package, such as numpy==1.26.4, or git:REF of the project"),
        ("git:nothing", "*git:nothing: git does not read *: fatal: *"),
    ],
)
@pytest.mark.parametrize("where", ["option", "marker"])
def test_what_cannot_be_a_base_is_refused_at_once(pytester: pytest.Pytester, name: str, told: str, where: str) -> None:
    marker = f"against={name!r}" if where == "marker" else ""
    pytester.makepyfile(f"import pytest\n@pytest.mark.multicore({marker})\ndef test_a(): pass\n")
    result = pytester.runpytest_subprocess(*([] if marker else [f"--multicore-against={name}"]))
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([told])
    what = "@pytest.mark.multicore(against=...)" if marker else "--multicore-against"
    result.stderr.fnmatch_lines([f"*{what}*"])


@pytest.mark.slow
@pytest.mark.other_plugins
def test_workers_of_xdist(pytester: pytest.Pytester, undecided: Undecided) -> None:
    pytest.importorskip("xdist")
    result, (told,) = Project(pytester, PARALLEL, LOCKED).run("-n1", "-p", "no:benchmark")
    decided(told, undecided)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*against git:good: threading regression*"])
