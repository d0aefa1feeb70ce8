"""A child finds its test wherever the file is, and whatever hooks make of names and of the tests that are chosen."""

import pytest

from tests.fixture_types import Run

RENAMING = """
import pytest

@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    for item in items:
        item.name = "renamed"
        item._nodeid = f"{item.parent.nodeid}::renamed"
        item.add_marker(pytest.mark.multicore(min_cores=0.5, threads=1))
    items[:] = items[-4:] if len(items) > 4 else []
"""
TESTS = """
def test_none(): pass
@pytest.mark.parametrize("value", ["", "::x", pytest.param(1, id=pytest.HIDDEN_PARAM)])
def test_a(value): work()
class TestB:
    def test_b(self): work()
"""


def test_hooks_that_rename_tests_and_take_a_share_of_them(run: Run) -> None:
    run(TESTS, conftest=RENAMING).assert_outcomes(passed=4)


@pytest.mark.parametrize(
    "options", [("--rootdir=elsewhere", "test_it.py"), ("--rootdir=elsewhere", "--pyargs", "test_it")]
)
def test_a_file_outside_the_root_folder(
    run: Run, pytester: pytest.Pytester, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(pytester.path))
    pytester.mkdir("elsewhere")
    run("@gated\nclass TestA:\n    def test_a(self): work()\n", *options).assert_outcomes(passed=1)


def test_a_folder_whose_name_has_a_bracket(pytester: pytest.Pytester) -> None:
    head = "import pytest\npytestmark = pytest.mark.multicore(min_cores=0.5, threads=1)\ndef work(): sum(range(9**5))\n"
    (pytester.mkdir("a[1]") / "test_it.py").write_text(head + TESTS)
    pytester.runpytest_subprocess().assert_outcomes(passed=5)
