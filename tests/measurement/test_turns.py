"""What the two ways of taking turns have in common: which waits they note, and how often they say them."""

import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from pytest_multicore.errors import HostBusy, SessionEnds
from pytest_multicore.measurement.database_turns import DatabaseTurns
from pytest_multicore.measurement.flock_turns import HostLock
from pytest_multicore.measurement.host_lock import NoHostLock
from pytest_multicore.measurement.turns import Turns

BOTH = pytest.mark.parametrize("kind", [HostLock, DatabaseTurns])


class Scripted(Turns):
    """Each turn waits for these holders; None: for nobody."""

    def __init__(self, *holders: Sequence[str] | None) -> None:
        super().__init__()
        self._script = iter(holders)

    def _take(self, alone: bool, wait: Callable[[Sequence[str]], None]) -> None:
        if (holders := next(self._script)) is not None:
            wait(holders)

    def _give_back(self, alone: bool) -> None:
        """Nothing is held."""


def told(turns: Turns, count: int) -> list[str]:
    """What is said, shortened to the holders, where a session of so many tests takes its turns."""
    said: list[str] = []
    for _ in range(count):
        with turns.shared(said.append):
            pass
    return [
        re.sub(r"waiting for another pytest on this machine ?| ?to finish a measurement .*", "", one) for one in said
    ]


def test_each_holder_is_named_once() -> None:
    one, other = "process 1: python -m pytest", "process 2: pytest"
    turns = Scripted(*[[one]] * 50, None, [one, other], [other], [one], [f"{one}, stopped"])
    assert told(turns, 55) == [f"({one})", f"({one}, {other})", f"({one}, stopped)"]
    assert len(turns.waits_s) == 54, "each wait counts, whether it is said or not"


def test_an_unknown_holder_is_waited_for_with_one_line() -> None:
    assert told(Scripted(*[()] * 50), 50) == [""]


@BOTH
def test_only_what_was_waited_for_is_noted(kind: type[HostLock | DatabaseTurns], tmp_path: Path) -> None:
    turns, other, said = kind(tmp_path), kind(tmp_path), list[str]()
    for turn in (turns.shared, turns.exclusive):
        with turn(said.append):
            pass
    with turns.shared(said.append), turns.exclusive(said.append):
        pass
    assert (turns.waits_s, said) == ([], [])
    turns.wait_s = 0.05
    with other.exclusive(said.append):
        for turn in (turns.shared, turns.exclusive, turns.shared):
            with pytest.raises(HostBusy), turn(said.append):
                pytest.fail("the other holds it")
    assert len(turns.waits_s) == 3
    assert all(0.04 < wait_s < 10 for wait_s in turns.waits_s)
    assert len(said) == 1


@BOTH
def test_what_was_done_alone_is_kept_where_the_turn_after_it_is_not_to_be_had(
    kind: type[HostLock | DatabaseTurns], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns, other, said = kind(tmp_path), kind(tmp_path), list[str]()
    turns.wait_s = 0.05
    give_back = turns._give_back
    with ExitStack() as held:

        def to_the_other(alone: bool) -> None:
            give_back(alone)
            if alone:
                held.enter_context(other.exclusive(said.append))

        monkeypatch.setattr(turns, "_give_back", to_the_other)
        with turns.shared(said.append), turns.exclusive(said.append):
            pass
    assert len(turns.waits_s) == 1
    monkeypatch.undo()
    turns.wait_s = 30.0  # whoever waited in vain may hold it for a moment when it is free
    with turns.shared(said.append), turns.exclusive(said.append):
        pass


@pytest.mark.parametrize("ends", [KeyboardInterrupt, SessionEnds])
def test_who_is_told_to_end_takes_no_further_turn(ends: type[BaseException]) -> None:
    turns = Scripted(None, None, ["another"])
    with pytest.raises(ends), turns.shared(pytest.fail), turns.exclusive(pytest.fail):
        raise ends
    turns = Scripted(None, None, None)
    with pytest.raises(ValueError, match="an ordinary error"), turns.shared(pytest.fail), turns.exclusive(pytest.fail):
        raise ValueError("an ordinary error")
    assert next(turns._script, "all were taken") == "all were taken"


def test_who_takes_no_turns_waits_for_nobody(tmp_path: Path) -> None:
    turns = NoHostLock("there is no lock")
    with HostLock(tmp_path).exclusive(pytest.fail), turns.shared(pytest.fail), turns.exclusive(pytest.fail):
        pass
    assert (turns.waits_s, turns.why_none) == ([], "there is no lock")
