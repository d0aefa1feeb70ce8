"""The same addresses in every interpreter, where the system permits it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.layout import ADDR_NO_RANDOMIZE, ASK, fixed_addresses
from pytest_multicore.interpreters.process import IsolatedInterpreter

#: What a system may have set otherwise, and has to find again: ADDR_COMPAT_LAYOUT.
OTHER = 0x0200000


class System:
    """One that answers as told."""

    def __init__(self, persona: int, *, permits: bool = True, obeys: bool = True) -> None:
        self.persona, self.permits, self.obeys = persona, permits, obeys

    def __call__(self, persona: int) -> int:
        before = self.persona
        if persona == ASK:
            return before
        if not self.permits:
            return -1
        self.persona = persona if self.obeys else before
        return before


def test_what_was_set_before_is_kept_and_comes_back() -> None:
    system = System(OTHER)
    with fixed_addresses(system) as fixed:
        assert (fixed, system.persona) == (True, OTHER | ADDR_NO_RANDOMIZE)
    assert system.persona == OTHER


def test_it_comes_back_when_no_process_could_be_started() -> None:
    system = System(0)
    with pytest.raises(OSError, match="no memory"), fixed_addresses(system):
        raise OSError("no memory")
    assert system.persona == 0


@pytest.mark.parametrize(
    "system",
    [System(0, permits=False), System(0, obeys=False), System(-1)],
    ids=["a container's filter", "a sandbox that only says so", "no such call"],
)
def test_a_system_that_does_not_do_it_is_believed(system: System) -> None:
    with fixed_addresses(system) as fixed:
        assert not fixed


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing fixes them")
def test_two_interpreters_lie_at_the_same_addresses() -> None:
    launch, ours = Launch([sys.executable], dict(os.environ), Path.cwd()), Path("/proc/self/personality")
    before = ours.read_text()
    with IsolatedInterpreter(launch) as one, IsolatedInterpreter(launch) as other:
        assert ours.read_text() == before, "what pytest starts by itself is started as ever"
        if not one.fixed_layout:
            pytest.skip("this system permits no fixed addresses")
        # The first mappings are the program itself, its data and its heap.
        first, second = (Path(f"/proc/{pid}/maps").read_text().splitlines()[:6] for pid in (one.pid, other.pid))
    assert first == second
