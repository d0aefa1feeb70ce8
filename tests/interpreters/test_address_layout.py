"""The same layout of memory in every interpreter, where the system permits it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_multicore.environments.variables import HASH_SEED
from pytest_multicore.interpreters.address_layout import (
    ADDR_NO_RANDOMIZE,
    PAGE_BYTES,
    QUERY,
    fixed_addresses,
    has_fixed_addresses,
    padded_variables,
)
from pytest_multicore.interpreters.launch import Launch
from pytest_multicore.interpreters.process import IsolatedInterpreter

#: What a system may have set otherwise, and has to find again: ADDR_COMPAT_LAYOUT.
OTHER = 0x0200000
#: Two programs that are told to use other threads have other variables.
FEW, MANY = {"OMP_NUM_THREADS": "2"}, {"OMP_NUM_THREADS": "16", "MKL_NUM_THREADS": "16"}
linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing fixes addresses")


class System:
    """One that answers as told."""

    def __init__(self, persona: int, *, permits: bool = True) -> None:
        self.persona, self.permits = persona, permits

    def __call__(self, persona: int) -> int:
        before = self.persona
        if persona == QUERY:
            return before
        if not self.permits:
            return -1
        self.persona = persona
        return before


def test_what_was_set_before_is_kept_and_comes_back() -> None:
    system = System(OTHER)
    with fixed_addresses(system):
        assert system.persona == OTHER | ADDR_NO_RANDOMIZE
    assert system.persona == OTHER


def test_it_comes_back_when_no_process_could_be_started() -> None:
    system = System(0)
    with pytest.raises(OSError, match="no memory"), fixed_addresses(system):
        raise OSError("no memory")
    assert system.persona == 0


@pytest.mark.parametrize("persona", [0, -1], ids=["a container's filter", "no such call"])
def test_a_system_that_refuses_is_left_as_it_is(persona: int) -> None:
    system = System(persona, permits=False)
    with fixed_addresses(system):
        assert system.persona == persona


@pytest.mark.parametrize(
    ("drawn", "personality", "fixed"),
    [
        ("2", "00000000", False),
        ("2", "00040000", True),
        ("0", "00000000", True),
        ("2", None, False),
        (None, "x", False),
    ],
)
def test_the_system_itself_is_asked(tmp_path: Path, drawn: str | None, personality: str | None, fixed: bool) -> None:
    for name, text in (("sys/kernel/randomize_va_space", drawn), ("7/personality", personality)):
        if text is not None:
            (tmp_path / name).parent.mkdir(parents=True)
            (tmp_path / name).write_text(text + "\n")
    assert has_fixed_addresses(7, tmp_path) is fixed


@pytest.mark.parametrize("length", [0, 1, PAGE_BYTES - 50, PAGE_BYTES, 3 * PAGE_BYTES + 7])
def test_variables_end_on_a_page(length: int) -> None:
    made = padded_variables({"A": "x" * length, "Ä": "ü"})
    assert sum(len(os.fsencode(f"{name}={value}")) + 1 + 8 for name, value in made.items()) % PAGE_BYTES == 0


@linux
def test_interpreters_lie_at_the_same_addresses_whatever_their_threads() -> None:
    # Asked of another program, so that a fault of ours is no reason to skip.
    if subprocess.run(["setarch", "-R", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this system permits no fixed addresses")
    few, many = (Launch([sys.executable], {**os.environ, **HASH_SEED, **told}, Path.cwd()) for told in (FEW, MANY))
    ours = Path("/proc/self/personality").read_text()
    with IsolatedInterpreter(few) as one, IsolatedInterpreter(many) as other:
        assert Path("/proc/self/personality").read_text() == ours, "what pytest starts by itself is started as ever"
        assert one.fixed_layout
        assert other.fixed_layout
        (first, its), (second, others) = map(_places, (one.pid, other.pid))
    assert first == second
    # Pages are filled, so that what lies on the stack has the same place within one.
    assert (its - others) % PAGE_BYTES == 0


def _places(pid: int) -> tuple[list[str], int]:
    """Where a process's program and heap lie, and its stack's begin."""
    lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
    program = str(Path(f"/proc/{pid}/exe").readlink())
    stack = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[25])
    return [line.split("-")[0] for line in lines if line.endswith((program, "[heap]"))], stack
