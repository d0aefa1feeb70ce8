"""An environment that cannot be had leaves the tests in it inconclusive: it is tried once a session, and told once."""

import pytest


def session(pytester: pytest.Pytester, environment: str) -> pytest.RunResult:
    """A session with two tests in an environment that cannot be had."""
    pytester.makepyfile(
        test_gated=f"""
        import pytest

        @pytest.mark.multicore(environment="{environment}", min_cores=1.5)
        @pytest.mark.parametrize("n", [1, 2])
        def test_it(multicore, n):
            multicore.run("time:time")
        """
    )
    result = pytester.runpytest_subprocess("-p", "no:randomly")
    result.assert_outcomes(skipped=2)
    return result


def test_an_environment_that_cannot_be_had_is_told_once(pytester: pytest.Pytester) -> None:
    pytester.makepyprojecttoml(
        """
        [tool.pytest-multicore.environments.old]
        python = "3.4"
        requires = ["six"]
        """
    )
    result = session(pytester, "old")
    told = [line for line in result.outlines if "cannot be had" in line]
    assert len(told) == 1
    assert "test_it[1], test_gated.py::test_it[2]" in told[0]
    assert "3.4" in told[0]


def test_an_environment_that_cannot_be_built_is_tried_once(pytester: pytest.Pytester) -> None:
    (pytester.path / "broken-1.0-py3-none-any.whl").write_bytes(b"no archive")
    pytester.makepyprojecttoml(
        f"""
        [tool.pytest-multicore.environments.own]
        requires = ["broken @ {(pytester.path / "broken-1.0-py3-none-any.whl").as_uri()}"]
        """
    )
    result = session(pytester, "own")
    assert result.stdout.str().count("building environment 'own'") == 1
