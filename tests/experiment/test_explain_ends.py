"""What ends an explanation: a mistake of ours is noted, a signal to the session passes."""

import signal
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pytest_multicore.experiment.explain import explain
from pytest_multicore.pytest_side.ending_signals import EndingSignals
from pytest_multicore.verdicts.result import Result
from tests.diagnosis.literals import idle


def explained(paused: Any) -> Result:
    """A missed limit, explained while something else happens."""
    request: Any = SimpleNamespace(
        settings=SimpleNamespace(explain="auto"), program=SimpleNamespace(paused=paused, runs_once=False)
    )
    unused: Any = None
    return explain(request, unused, idle().result, unused)


def test_a_mistake_of_ours_is_a_note() -> None:
    def mistaken() -> None:
        raise ZeroDivisionError("division by zero")

    assert explained(mistaken).notes[-1].startswith("why could not be found out: ZeroDivisionError: division by zero")


def test_a_signal_that_ends_the_session_is_no_mistake() -> None:
    no_session = SimpleNamespace(get_plugin=lambda _name: None)
    signals = EndingSignals(cast("pytest.Config", SimpleNamespace(pluginmanager=no_session)))
    with pytest.raises(pytest.exit.Exception, match="SIGTERM") as raised:
        explained(lambda: signals._end(signal.SIGTERM, None))
    signals.give_back()
    assert raised.value.returncode == 128 + signal.SIGTERM
