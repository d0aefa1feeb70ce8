"""What a user may ask for, and what he is told when he asks for something else."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_multicore.pytest_side.options import check_writable
from pytest_multicore.settings import marker as marker_arguments
from pytest_multicore.settings import options as settings

TEST = """
import pytest
@pytest.mark.multicore({marker})
def test_it({fixture}):
    {fixture}
"""


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ("min_core=2", "*test_it*has no argument 'min_core'; there are *min_cores*"),
        ("min_cores=-2", "*test_it*min_cores=*found -2, expected a finite number above 0*"),
        ("4", "*test_it*by keyword; found 4*"),
        (
            "environment='nope'",
            "*test_it*environment 'nope' is not known; expected one of current, *pytensor, *theano*",
        ),
        ("fresh=True", "*fresh=True*leave fresh out, or the fixture*"),
        ("min_efficiency=80", "*test_it*min_efficiency*at most 1*"),
    ],
)
def test_a_wrong_marker_is_a_usage_error_at_collection(pytester: pytest.Pytester, marker: str, expected: str) -> None:
    pytester.makepyfile(TEST.format(marker=marker, fixture="multicore"))
    result = pytester.runpytest()
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([expected])


def test_every_wrong_marker_is_named_in_one_go(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_a=TEST.format(marker="a=1", fixture="multicore"), test_b=TEST.format(marker="b=1", fixture="multicore")
    )
    told = pytester.runpytest().stderr
    told.fnmatch_lines_random(["*test_a.py::test_it*'a'*", "*test_b.py::test_it*'b'*"])


@pytest.mark.parametrize(
    ("option", "expected"),
    [
        ("--multicore-threads=0", "*--multicore-threads*found '0', expected a whole number from 1 to 1,000,000*"),
        ("--multicore-confidence=99", "*--multicore-confidence*expected*"),
        ("--multicore-budget=soon", "*--multicore-budget*found 'soon'*"),
        ("--multicore-priority=max", "*--multicore-priority*auto*realtime*off*"),
    ],
)
def test_a_wrong_option_is_a_usage_error_before_collection(
    pytester: pytest.Pytester, option: str, expected: str
) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([expected])


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("environment", "*--multicore-environment*'teano' is not known; expected one of current, *pytensor, *theano*"),
        ("blas", "*--multicore-blas*found 'teano', expected one of scipy, mkl*, or the path of a shared library"),
    ],
)
def test_an_unknown_name_lists_the_known_ones_before_any_test_runs(
    pytester: pytest.Pytester, name: str, expected: str
) -> None:
    pytester.makepyfile("def test_it(): pass")
    for said in ("on the command line", "in the ini file"):
        options = [f"--multicore-{name}=teano"] if said == "on the command line" else []
        if not options:
            pytester.makeini(f"[pytest]\nmulticore_{name} = teano\n")
        result = pytester.runpytest(*options)
        assert result.ret == pytest.ExitCode.USAGE_ERROR, said
        result.stderr.fnmatch_lines([expected])


def test_ini_keys_hold_where_the_command_line_is_silent(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nmulticore_threads = 3\nmulticore_strict = true\nmulticore_budget = 7\n")
    pytester.makepyfile(
        """
        def test_it(request):
            from pytest_multicore.pytest_side.options import session_settings
            found = session_settings(request.config)
            print("settings", found.threads, found.strict, found.budget_s)
        """
    )
    pytester.runpytest("-s").stdout.fnmatch_lines(["*settings 3 True 7.0*"])
    pytester.runpytest("-s", "--multicore-threads=inherit").stdout.fnmatch_lines(["*settings inherit True 7.0*"])


def test_every_option_and_argument_is_in_the_help(pytester: pytest.Pytester) -> None:
    text = pytester.runpytest("--help").stdout.str()
    assert all(option.flag in text for option in settings.OPTIONS)
    assert all(option.ini in text for option in settings.OPTIONS if option.name != "doctor")
    markers = pytester.runpytest("--markers").stdout.str()
    assert all(name in markers for name in marker_arguments.MARKER)


def test_the_plugin_can_be_left_out(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")  # options of a plugin that is not there
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_subprocess("-p", "no:multicore").assert_outcomes(passed=1)


def test_a_session_without_marked_tests_loads_only_what_reads_markers_and_options(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")  # options of a plugin that is not there
    pytester.makepyfile("def test_it(): pass")
    pytester.makeconftest("import sys\ndef pytest_sessionfinish(): print('loaded', *sorted(sys.modules))")

    def loaded(*arguments: str) -> set[str]:
        result = pytester.runpytest_subprocess("-s", "-p", "no:cacheprovider", *arguments)
        (line,) = [line for line in result.outlines if "loaded " in line]
        return set(line.partition("loaded ")[2].split())

    ours = loaded() - loaded("-p", "no:multicore")
    rooms = {
        "pytest_side": ("collection", "fixtures", "options", "outcomes", "stash"),
        "settings": ("clocks", "marker", "options", "parsers", "system", "world_at_start"),
    }
    names = {"plugin", "errors", *rooms} | {f"{room}.{name}" for room, inside in rooms.items() for name in inside}
    assert ours == {"pytest_multicore", *(f"pytest_multicore.{name}" for name in names)}


@pytest.mark.parametrize(
    "option", ["--multicore-blas=/no/such.so", "--multicore-python=/no/python", "--multicore-python=/usr/bin"]
)
def test_a_path_that_is_not_there_is_a_usage_error_before_any_test_runs(pytester: pytest.Pytester, option: str) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest(option)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name, _, path = option.partition("=")
    result.stderr.fnmatch_lines(
        [f"*{name} (ini: *): found '{path}', where there is no such file; expected the path of*"]
    )


def test_a_python_that_there_is_not_is_a_usage_error_before_any_test_runs(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest("--multicore-python=nosuchpy")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--multicore-python (ini: *): interpreter 'nosuchpy': neither a version, nor *"])


@pytest.mark.parametrize("name", ["threads", "environment", "python", "blas", "json", "budget"])
def test_an_option_without_a_value_is_no_default(pytester: pytest.Pytester, name: str) -> None:
    """As of a variable that is not set: --multicore-threads=$THREADS."""
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest(f"--multicore-{name}=")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"*--multicore-{name} (ini: *): found '', expected *"])


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("multicore.run(5)", "*the workload 5 is none: expected 'dot', 'fit'*"),
        ("multicore.scaling('dot', threads=2)", "*threads=2: expected a list*"),
        ("multicore.run('dot', size={1})", "*dot: size={1} (set) cannot be handed to another interpreter*"),
    ],
)
def test_a_wrong_argument_is_named(pytester: pytest.Pytester, body: str, expected: str) -> None:
    pytester.makepyfile(f"def test_it(multicore): {body}")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([expected])


@pytest.mark.parametrize(
    "argument",
    [{"env": {"A=B": "x"}}, {"env": {"": "x"}}, {"env": {"A": "x\0LD_PRELOAD=y"}}, {"theano_flags": {"a\0": "x"}}],
)
def test_a_variable_that_no_process_can_have_is_named(pytester: pytest.Pytester, argument: dict[str, object]) -> None:
    pytester.makepyfile(f"def test_it(isolated_interpreter): isolated_interpreter(**{argument!r})")
    result = pytester.runpytest()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{next(iter(argument))}=*: expected a name without '=', and no zero characters*"])


def test_a_report_that_cannot_be_written_costs_no_outcome(pytester: pytest.Pytester) -> None:
    """The test puts a file in the folder's place."""
    pytester.makepyfile("import shutil\ndef test_it(multicore): shutil.rmtree('folder'); open('folder', 'w')")
    (pytester.path / "folder").mkdir()
    refused = pytester.runpytest("--multicore-json=folder")
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    result = pytester.runpytest("--multicore-json=folder/report.json")
    result.assert_outcomes(passed=1)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["ERROR: --multicore-json=folder/report.json cannot be written*"])


@pytest.mark.parametrize("option", ["json", "html", "save"])
@pytest.mark.parametrize("name", ["/proc/no/report", "/proc/report", "x" * 300, "new/" + "x" * 300])
def test_a_file_that_cannot_be_written_is_refused_before_anything_runs(
    pytester: pytest.Pytester, option: str, name: str
) -> None:
    """Of /proc the rights alone say otherwise to root."""
    pytester.makepyfile("raise SystemExit('it was collected')")
    result = pytester.runpytest_inprocess(f"--multicore-{option}={name}")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: --multicore-{option}=*{name}*cannot be written*"])


def test_what_can_be_written_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "kept.json").write_text("{}")
    new = tmp_path / "new.json", tmp_path / "new" / "deep" / "new.json"
    for file in (tmp_path / "kept.json", *new, Path(os.devnull)):
        check_writable("--multicore-json", file)
    assert [path.name for path in tmp_path.iterdir()] == ["kept.json"]
    assert (tmp_path / "kept.json").read_text() == "{}"


@pytest.mark.skipif(sys.platform == "win32", reason="who ends a process there removes what it left")
def test_a_session_that_is_killed_while_it_asks_leaves_no_folder(tmp_path: Path) -> None:
    program = f"""
import os, pathlib, signal
from pytest_multicore.environments import scratch
from pytest_multicore.pytest_side.options import check_writable
scratch.shutil.rmtree = lambda *_, **_kw: os.kill(os.getpid(), signal.SIGKILL)
check_writable("--multicore-json", pathlib.Path({str(tmp_path / "report.json")!r}))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    deadline = time.monotonic() + 20.0
    while left := list(tmp_path.iterdir()):
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


@pytest.mark.parametrize("hook", ["trylast=True", "wrapper=True"])
def test_a_marker_that_another_plugin_adds_last_is_read(pytester: pytest.Pytester, hook: str) -> None:
    """A limit that no machine reaches: nothing is run, and the test does not pass unmeasured."""
    late = "yield" if "wrapper" in hook else "pass"
    pytester.makeconftest(
        f"""
        import pytest

        @pytest.hookimpl({hook})
        def pytest_collection_modifyitems(items):
            {late}
            for item in items:
                item.add_marker(pytest.mark.multicore(min_cores=1000))
        """
    )
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_subprocess("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*min_cores=1000 cannot be reached on this machine*"])


@pytest.mark.parametrize("fixture", ["", ", multicore"])
def test_a_marker_that_a_fixture_adds_comes_too_late(pytester: pytest.Pytester, fixture: str) -> None:
    pytester.makepyfile(
        f"""
        import pytest

        @pytest.fixture
        def late(request):
            request.node.add_marker(pytest.mark.multicore(min_cores=1.5))

        def test_it(late{fixture}):
            pass
        """
    )
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*test_it was marked with @pytest.mark.multicore while it ran*"])
    pytester.runpytest_subprocess("--multicore-off").assert_outcomes(passed=1)
