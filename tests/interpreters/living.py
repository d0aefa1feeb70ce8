"""Live interpreters for tests: what they are asked, and whether something is left of them."""

import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from pytest_multicore.interpreters.process import IsolatedInterpreter

Open = Callable[..., IsolatedInterpreter]
TIMEOUT_S = 60.0


def call(interpreter: IsolatedInterpreter, folder: Path, body: str, timeout_s: float = TIMEOUT_S) -> Any:
    file = folder / "work.py"
    file.write_text("import os, sys, time, signal, subprocess\ndef work():\n" + textwrap.indent(body, "    "))
    return interpreter.ask("call", "result", timeout_s, target=f"{file}:work", arguments={}, path=[])["value"]


def wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(map(alive, pids)):
        time.sleep(0.02)
    assert not [pid for pid in pids if alive(pid)]


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
