"""A marked test that knows nothing of the plugin, from a user's side: what pytest says of it is what it always says."""

import json

import psutil
import pytest

from tests.fixture_types import Run

needs_two_cores = pytest.mark.skipif(
    len(psutil.Process().cpu_affinity()) < 2, reason="min_cores=1.5 is out of reach on one core: inconclusive at once"
)


def test_its_call_is_measured_and_its_limit_met(run: Run, pytester: pytest.Pytester) -> None:
    result = run("@gated\ndef test_a():\n    work()\n", "--multicore-json=report.json")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"test_a +current .* passed"])
    (told,) = json.loads((pytester.path / "report.json").read_text())["results"]
    assert told["nodeid"] == "test_it.py::test_a"
    assert told["variables"]["OMP_NUM_THREADS"] == "1"


@needs_two_cores
def test_a_missed_limit_fails_it_without_our_frames(run: Run) -> None:
    result = run("@missed\ndef test_a():\n    work()\n")
    result.assert_outcomes(failed=1)
    result.stdout.re_match_lines([r".*test_a in environment current: min_cores missed", r" +limit .*"])
    result.stdout.no_fnmatch_line("*multicore/plugin.py*")
    result.stdout.no_fnmatch_line("*pytest_side/gate.py*")


def test_its_own_failure_comes_first_with_introspection_and_output(run: Run) -> None:
    result = run("@missed\ndef test_a():\n    print('so far')\n    assert {'a': 1} == {'a': work()}\n")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [">*assert {'a': 1} == {'a': work()}", "E *Differing items:", "test_it.py:*: AssertionError", "so far"]
    )
    result.stdout.no_fnmatch_line("*multicore ===*")


def test_fixtures_of_every_scope_are_set_up_once_a_child_and_torn_down(run: Run, pytester: pytest.Pytester) -> None:
    conftest = """
        import os, pytest
        def note(what):
            with open(os.path.join(os.path.dirname(__file__), "diary"), "a") as diary:
                diary.write("%d %s\\n" % (os.getpid(), what))
        def fixture(scope):
            @pytest.fixture(scope=scope, autouse=True, name="of_" + scope)
            def made():
                note("+" + scope)
                yield scope
                note("-" + scope)
            return made
        of_session, of_package = fixture("session"), fixture("package")
        of_module, of_class, of_function = fixture("module"), fixture("class"), fixture("function")
    """
    source = (
        "@gated\nclass TestIt:\n    def test_a(self, of_module, tmp_path, monkeypatch, capsys, request):\n"
        "        monkeypatch.setenv('X', '1'); print('printed'); work()\n"
        "        assert capsys.readouterr().out == 'printed\\n' and of_module == 'module' and tmp_path.is_dir()\n"
    )
    run(source, conftest=conftest).assert_outcomes(passed=1)
    lines = [line.split() for line in (pytester.path / "diary").read_text().splitlines()]
    scopes = ["session", "package", "module", "class", "function"]
    assert len({pid for pid, _ in lines}) == 1
    assert [what for _, what in lines] == [*("+" + one for one in scopes), *("-" + one for one in reversed(scopes))]


def test_kinds_of_tests(run: Run) -> None:
    source = """
import unittest

@gated
class TestUnit(unittest.TestCase):
    def setUp(self): self.value = 3
    def test_ok(self): self.assertEqual(self.value, 3)
    def test_bad(self): self.assertEqual(self.value, 4)
    @unittest.skip("not this one")
    def test_skipped(self): pass
    @unittest.expectedFailure
    def test_expected(self): self.fail()

@gated
class TestAwaited(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self): self.value = 3
    async def test_awaited(self): work(); self.assertEqual(self.value, 3)

@gated
@pytest.mark.parametrize("value", ["a::b[", "\\u00fc", 3])
def test_parametrized(value): work()

def test_plain(): pass
"""
    result = run(source, "-rA")
    result.assert_outcomes(passed=6, failed=1, skipped=1, xfailed=1)
    result.stdout.fnmatch_lines(["*AssertionError: 3 != 4", "SKIPPED*not this one"])


def test_skips_and_expected_failures(run: Run) -> None:
    source = """
@gated
@pytest.mark.skipif(True, reason="outside")
def test_skipif(): pass

@gated
def test_skip(): pytest.skip("inside")

@gated
@pytest.mark.xfail(raises=ZeroDivisionError, strict=True)
def test_xfail(): 1 / 0

@gated
@pytest.mark.xfail(raises=KeyError, strict=True)
def test_another_error(): 1 / 0

@gated
@pytest.mark.xfail(strict=True)
def test_strict_pass(): work()

@gated
@pytest.mark.xfail
def test_xpass(): work()

@gated
@pytest.mark.xfail(run=False)
def test_not_run(): work()

@gated
def test_imperative(): pytest.xfail("because")
"""
    result = run(source, "-rA")
    result.assert_outcomes(skipped=2, xfailed=3, failed=2, xpassed=1)
    result.stdout.fnmatch_lines(["*XPASS(strict)*"])
    result.stdout.re_match_lines_random([r"SKIPPED .*outside", r"SKIPPED .*test_it.py:\d+: inside", r"XFAIL .*because"])


@needs_two_cores
def test_a_missed_limit_can_be_expected(run: Run) -> None:
    source = (
        "from pytest_multicore import LimitMissed\n"
        "@pytest.mark.xfail(raises=LimitMissed, strict=True)\n@missed\ndef test_a(): work()\n"
    )
    run(source).assert_outcomes(xfailed=1)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("import sys; sys.exit(3)", "*SystemExit: 3*"),
        ("import os; os._exit(3)", "*ended by itself with exit status 3*"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "*was ended by SIGSEGV*"),
        ("import os; os.kill(os.getpid(), 40)", "*was ended by signal 40*"),
        ("import nowhere", "*No module named 'nowhere'*"),
    ],
)
def test_what_kills_an_interpreter_is_one_failure(run: Run, body: str, expected: str) -> None:
    result = run(f"@gated\ndef test_a():\n    {body}\ndef test_b(): pass\n")
    result.assert_outcomes(failed=1, passed=1)
    result.stdout.fnmatch_lines([expected])


def test_a_failing_fixture_is_an_error(run: Run) -> None:
    source = "@pytest.fixture\ndef bad(): raise OSError('no disk')\n@gated\ndef test_a(bad): pass\n"
    result = run(source)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*ERROR at setup of test_a*", "E *OSError: no disk"])


def test_a_failing_teardown_is_an_error_of_a_passed_test(run: Run) -> None:
    source = "@pytest.fixture\ndef bad():\n    yield\n    raise OSError('no disk')\n@gated\ndef test_a(bad): work()\n"
    result = run(source)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ERROR at teardown of test_a*", "E *OSError: no disk"])


UNREPEATABLE = "seen = []\n@MARK\ndef test_a():\n    seen.append(1)\n    work()\n    assert len(seen) == 1\n"


def test_a_test_that_cannot_be_repeated_is_told_so(run: Run) -> None:
    result = run(UNREPEATABLE.replace("MARK", "gated"))
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["*not repeatable*use fresh=True*failed in a round: AssertionError*", "*in test_a*"])
    result.stdout.no_fnmatch_line("*pluggy/_*")


def test_fresh_gives_each_round_its_own_interpreter(run: Run) -> None:
    result = run(UNREPEATABLE.replace("MARK", "pytest.mark.multicore(min_cores=0.5, threads=1, fresh=True)"))
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines([r"test_a .* passed"])


def test_warnings_properties_and_logs_are_taken_over(run: Run, pytester: pytest.Pytester) -> None:
    source = """
import logging, warnings
@gated
def test_a(record_property):
    record_property("colour", "blue")
    logging.getLogger("mine").warning("logged")
    warnings.warn("beware", DeprecationWarning)
    work()
    assert False
"""
    result = run(source, "--junitxml=junit.xml")
    result.stdout.fnmatch_lines(["*WARNING*mine*logged*", "*test_it.py:*: DeprecationWarning: beware"])
    assert result.stdout.str().count("DeprecationWarning: beware") == 1
    assert 'name="colour" value="blue"' in (pytester.path / "junit.xml").read_text()


def test_warnings_as_errors(run: Run) -> None:
    run(
        "import warnings\n@gated\ndef test_a(): warnings.warn('w')\n@gated\ndef test_b(): work()",
        "-W",
        "error",
        "-p",
        "no:asyncio",
    ).assert_outcomes(failed=1, passed=1)


@pytest.mark.skipif(not hasattr(pytest, "Subtests"), reason="subtests came with pytest 9")
def test_a_failing_subtest_fails_it(run: Run) -> None:
    """pytest reports a subtest by itself, and lets the call pass."""
    source = (
        "@gated\ndef test_a(subtests):\n    for i in range(3):\n        with subtests.test(msg='number', i=i):\n"
        "            assert work() < 0 or i != 1\n"
        "@gated\ndef test_b(subtests):\n    with subtests.test():\n        work()\n"
    )
    result = run(source)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*1 subtest failed*", "*number*i=*", "*assert*"])
