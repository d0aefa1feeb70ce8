"""Which marker a test has, where its function, its class and a base each may have one."""

import pytest

TWICE = {
    "decorators": "@pytest.mark.multicore(min_cores=1.5)\n@pytest.mark.multicore(max_threads=2)\ndef test_it(): pass",
    "a class": "@pytest.mark.multicore(min_cores=1.5)\n@pytest.mark.multicore(max_threads=2)\nclass TestIt:\n"
    "    def test_it(self): pass",
    "a list": "pytestmark = [pytest.mark.multicore(min_cores=1.5), pytest.mark.multicore(max_threads=2)]\n"
    "def test_it(): pass",
    "a parameter": "@pytest.mark.multicore(min_cores=1.5)\n"
    "@pytest.mark.parametrize('a', [pytest.param(1, marks=pytest.mark.multicore(max_threads=2))])\n"
    "def test_it(a): pass",
}


@pytest.mark.parametrize("place", TWICE)
def test_two_markers_in_one_place_are_refused_for_only_one_would_be_heeded(
    pytester: pytest.Pytester, place: str
) -> None:
    pytester.makepyfile(f"import pytest\n{TWICE[place]}")
    result = pytester.runpytest("--collect-only")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [one for one in result.errlines if "found 2 markers in one place" in one]
    assert "multicore(min_cores=1.5)" in line
    assert "multicore(max_threads=2)" in line


def test_a_class_has_its_own_marker_and_not_that_of_its_base(pytester: pytest.Pytester) -> None:
    """The base's would be a usage error."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.multicore(min_cores="wrong")
        class Base: pass

        @pytest.mark.multicore(min_cores=1000)
        class Own(Base): pass

        class TestIt(Own, Base):
            def test_it(self): pass
        """
    )
    result = pytester.runpytest("-rs")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["*min_cores=1000 cannot be reached on this machine*"])
