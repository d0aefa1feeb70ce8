"""A marked test under pytest's options, and in environments of other Pythons."""

import json

import pytest

from tests.absent import skip_where_absent
from tests.fixture_types import Run


@pytest.mark.parametrize(
    "options",
    [
        ("-k", "test_a"),
        ("-m", "multicore"),
        ("-x",),
        ("--maxfail=1",),
        ("-o", "python_functions=test_*"),
        ("--import-mode=importlib",),
        ("--rootdir=.",),
        ("-c", "other.ini"),
        ("-s",),
        ("-q", "--tb=short", "--strict-markers", "--strict-config"),
        ("-p", "no:cacheprovider"),
    ],
    ids=" ".join,
)
def test_options_of_pytest(run: Run, pytester: pytest.Pytester, options: tuple[str, ...]) -> None:
    (pytester.path / "other.ini").write_text("[pytest]\naddopts = -ra\n")
    run("@gated\ndef test_a():\n    print('shown'); work()\n", *options).assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["-s", "--capture=tee-sys"])
def test_output_that_is_not_captured_is_seen_where_it_belongs(run: Run, option: str) -> None:
    result = run(
        "import sys\n@gated\ndef test_a():\n    print('told'); print('warned', file=sys.stderr); work()\n", option
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["*told"])
    result.stderr.fnmatch_lines(["*warned"])


def test_last_failed(run: Run) -> None:
    source = "@gated\ndef test_a(): assert work() < 0\n@gated\ndef test_b(): work()\n"
    run(source).assert_outcomes(failed=1, passed=1)
    run(source, "--lf").assert_outcomes(failed=1)


def test_a_project_with_options_of_its_own(run: Run) -> None:
    conftest = "def pytest_addoption(parser): parser.addoption('--size', type=int, default=1)\n"
    source = "@gated\ndef test_a(request):\n    work()\n    assert request.config.getoption('--size') == 7\n"
    run(source, "--size=7", conftest=conftest).assert_outcomes(passed=1)


def test_options_whose_values_json_does_not_know(run: Run) -> None:
    conftest = """
from pathlib import Path
def both(text): return {Path(text): (1, frozenset([text])), 2: None}
def looped(text):
    found = [text]
    found.append(found)
    return found
def pytest_addoption(parser):
    parser.addoption("--data", type=Path)
    parser.addoption("--sizes", type=lambda text: tuple(map(int, text.split(","))), default=())
    parser.addoption("--both", type=both)
    parser.addoption("--object", type=lambda text: object())
    parser.addoption("--looped", type=looped)
"""
    source = """
@gated
def test_a(request):
    from pathlib import Path
    work()
    data, sizes, both, *others = map(request.config.getoption, ("data", "sizes", "both", "object", "looped"))
    assert (data, sizes, both) == (Path("/etc"), (1, 2), {Path("a"): (1, frozenset("a")), 2: None})
    assert others == [None, None]
"""
    options = ("--data=/etc", "--sizes=1,2", "--both=a", "--object=a", "--looped=a")
    run(source, *options, conftest=conftest).assert_outcomes(passed=1)


@pytest.mark.parametrize("option", ["--multicore-off", "--trace", "--pdb"])
def test_run_plainly_with_a_line_that_says_so(run: Run, option: str) -> None:
    source = (
        "import os\nhere = os.environ.get('PYTEST_MULTICORE_INTERPRETER')\n@missed\ndef test_a(): assert here is None\n"
    )
    result = run(source, option, "--pdbcls=builtins:object") if option == "--trace" else run(source, option)
    if option != "--trace":
        result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([f"multicore: {option}: marked tests run plainly in this process, nothing is measured"])


def test_a_plan_of_the_fixtures_sets_nothing_up(run: Run, pytester: pytest.Pytester) -> None:
    source = (
        "import os, pathlib\nlog = pathlib.Path(__file__).with_name('log')\n@pytest.fixture\n"
        "def data(): log.write_text(os.environ.get('PYTEST_MULTICORE_INTERPRETER', 'here'))\n"
        "@missed\ndef test_a(data): pass\n"
    )
    run(source, "--setup-plan").stdout.fnmatch_lines(["*SETUP*F data", "*test_a (fixtures used: data*"])
    assert not (pytester.path / "log").exists()
    run(source, "--setup-only").stdout.fnmatch_lines(["*SETUP*F data"])
    assert (pytester.path / "log").read_text() == "here"


def test_doctests_are_left_alone(run: Run) -> None:
    source = (
        'def doubled(x):\n    """\n    >>> doubled(2)\n    4\n    """\n    return 2 * x\n@gated\ndef test_a(): work()\n'
    )
    run("pytestmark = gated\n" + source, "--doctest-modules").assert_outcomes(passed=2)


def test_a_test_outside_the_process_stays_there(run: Run) -> None:
    """The test's module is imported here for collection; its call runs elsewhere, and never measures in turn."""
    source = "import os\n@gated\ndef test_a():\n    assert os.environ['PYTEST_MULTICORE_INTERPRETER']\n    work()\n"
    result = run(source)
    result.assert_outcomes(passed=1)
    assert result.stdout.str().count("test_a ") == 1


@pytest.mark.parametrize("version", ["3.6", "3.9", "3.13"])
def test_it_runs_in_the_environment_that_it_names(run: Run, pytester: pytest.Pytester, version: str) -> None:
    pytester.makepyprojecttoml(
        f"""
        [tool.pytest-multicore.environments.other]
        python = "{version}"
        requires = ["six"]
        """
    )
    source = """
import sys, warnings

@pytest.fixture
def six():
    import six
    return six

@pytest.mark.multicore(environment="other", min_cores=0.5, threads=1)
def test_a(six, tmp_path, record_property):
    record_property("version", "%d.%d" % sys.version_info[:2])
    work()

@pytest.mark.multicore(environment="other", min_cores=0.5, threads=1)
def test_b():
    assert "shown in detail" == "shown in %s" % "detail!"
"""
    result = run(source, "-rs", "--multicore-json=report.json")
    skip_where_absent(result.stdout.str())
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["E *shown in detail!*"])
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["python"].startswith(version + ".")


def test_an_environment_with_a_pytest_that_is_too_old_is_refused(run: Run, pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.pytest-multicore.environments.other]
        python = "3.6"
        requires = ["pytest==5.3.5"]
        """
    )
    result = run("@pytest.mark.multicore(environment='other')\ndef test_a(): work()\n", "-rs")
    skip_where_absent(result.stdout.str())
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*test_a cannot be run: ImportError: pytest 5.3.5 *it must be 5.4 or later*"])


def test_the_runs_own_log_file_is_not_written_anew_by_a_child(run: Run, pytester: pytest.Pytester) -> None:
    source = (
        "import logging\ndef test_a(): logging.warning('before')\n@gated\ndef test_b():\n"
        "    logging.warning('inside')\n"
        "    work()\ndef test_c(): logging.warning('after')\n"
    )
    run(source, "--log-file=run.log", "--log-file-level=WARNING").assert_outcomes(passed=3)
    told = (pytester.path / "run.log").read_text()
    assert "\0" not in told
    assert told.index("before") < told.index("after")


def test_a_child_writes_no_report_of_its_own(run: Run, pytester: pytest.Pytester) -> None:
    """It would replace the run's own, which holds the results so far."""
    source = (
        "import os\n@gated\ndef test_a():\n    work()\n"
        "def test_b(): assert 'test_it.py::test_a' in open('report.json').read()\n"
    )
    run(source, "--multicore-json=report.json").assert_outcomes(passed=2)
    assert '"results": [' in (pytester.path / "report.json").read_text()


@pytest.mark.slow
def test_a_call_that_takes_longer_than_the_budget_is_too_slow_for_it_and_does_not_hang(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeconftest("from pytest_multicore.experiment import open_side\nopen_side.MIN_ROUND_TIMEOUT_S = 0.5\n")
    pytester.makepyfile(
        """
        import time, pytest

        @pytest.mark.multicore(min_speedup=1.5, threads=2, budget=0.5)
        def test_slow(): time.sleep(1.5)
        """
    )
    result = pytester.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*1 rows of rounds fit the budget of 0.5 s*use budget=*"])


@pytest.mark.parametrize("option", ["-s", "-pno:capture"])
def test_an_output_that_lacks_a_letter_ends_nothing(run: Run, monkeypatch: pytest.MonkeyPatch, option: str) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    result = run("@gated\ndef test_a():\n    print('caf\\u00e9')\n    work()\ndef test_b(): pass\n", option)
    result.assert_outcomes(passed=2)
    assert option != "-s" or r"caf\xe9" in result.stdout.str()
