"""Starts Pythons that behave as on another system: forced.py says how."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FORCED = Path(__file__).with_name("forced.py")
SYSTEMS = ("darwin", "win32")


def command_on(system: str, folder: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command and the variables of `python ARGUMENTS...` on a system; what it needs is made in a folder."""
    variables = {**os.environ, "FORCED_FOLDER": str(folder)}
    if system == "darwin":
        variables["FORCED_DYLD"] = str(folder / "dyld.so")
        source = FORCED.with_name("dyld.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", variables["FORCED_DYLD"], str(source)], check=True)
    return [sys.executable, str(FORCED), system, *arguments], variables


def run_on(system: str, folder: Path, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end; its output holds its errors."""
    command, variables = command_on(system, folder, *arguments)
    return subprocess.run(
        command,
        env={**variables, **options},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
