"""Let uv download an interpreter that the machine does not have, unless the user's world forbids it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from .commands import tool_variables
from .probing import Interpreter, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DOWNLOAD_TIMEOUT_S = 300.0

# Where the host cannot be reached this fails in seconds; uv's own defaults retry for minutes. The user's values win.
PATIENCE = {"UV_HTTP_TIMEOUT": "10", "UV_HTTP_CONNECT_TIMEOUT": "5", "UV_HTTP_RETRIES": "0"}


def find_uv() -> str | None:
    """Give the path of uv: the one of the package ``uv``, else the one on the search path."""
    try:
        import uv

        return os.fspath(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def downloaded(
    specs: Sequence[str], world: Mapping[str, str], progress: Callable[[str], None] | None = None
) -> tuple[Interpreter | None, str]:
    """Ask uv for the first of these versions that it can download.

    Args:
        specs: versions such as ``"3.9"``; anything else is passed over.
        world: the variables that uv runs with; UV_OFFLINE and UV_PYTHON_DOWNLOADS=never are heeded.
        progress: told before each try.

    Returns:
        The interpreter, or None and the reason why there is none.
    """
    uv = find_uv()
    versions = [spec for spec in specs if re.fullmatch(r"3\.\d+(\.\d+)?", spec)]
    refusal = _refusal(uv, versions, world)
    if uv is None or refusal:
        return None, refusal
    reason = ""
    for version in versions:
        if progress:
            progress(f"no Python {version} is installed: uv tries to download one")
        found, reason = _one(uv, version, world)
        if found:
            return found, ""
    return None, reason


def _refusal(uv: str | None, versions: Sequence[str], world: Mapping[str, str]) -> str:
    """Say why no download is to be tried; an empty string when one is."""
    if uv is None:
        return "uv is not installed (pip install uv)"
    if not versions:
        return "uv offers none of these versions"
    if world.get("UV_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return "UV_OFFLINE is set"
    if world.get("UV_PYTHON_DOWNLOADS", "").lower() in {"never", "false", "0"}:
        return f"UV_PYTHON_DOWNLOADS={world['UV_PYTHON_DOWNLOADS']} forbids it"
    return ""


def _one(uv: str, version: str, world: Mapping[str, str]) -> tuple[Interpreter | None, str]:
    status, said = _asked(uv, ["python", "install", version], world)
    if status != 0:
        return None, f"uv could not download Python {version}: {_in_a_line(said)}"
    status, said = _asked(uv, ["python", "find", "--no-project", "--managed-python", version], world)
    found = probe(said.strip().splitlines()[-1]) if status == 0 and said.strip() else None
    return found, "" if found else f"uv installed Python {version} but does not find it: {_in_a_line(said)}"


def _asked(uv: str, arguments: list[str], world: Mapping[str, str]) -> tuple[int, str]:
    try:
        ended = subprocess.run(
            [uv, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**PATIENCE, **tool_variables(world)},
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 124, f"no end after {DOWNLOAD_TIMEOUT_S:.0f} s"
    return ended.returncode, ended.stdout.decode("utf-8", "replace")


def _in_a_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    causes = [line.removeprefix("cause:").strip() for line in lines if line.lower().startswith("cause")]
    return (causes or lines or ["it said nothing"])[-1]
