"""Have uv download an interpreter that the machine lacks, unless the user's variables forbid it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from .commands import tool_variables
from .probe import Interpreter, probe

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

DOWNLOAD_TIMEOUT_S = 300.0

# Without a network these make uv fail in seconds; its defaults retry for minutes. The user's values win.
UV_TIMEOUTS = {"UV_HTTP_TIMEOUT": "10", "UV_HTTP_CONNECT_TIMEOUT": "5", "UV_HTTP_RETRIES": "0"}


def find_uv() -> str | None:
    """Return the path of uv: that of the package ``uv``, or that on the search path."""
    try:
        import uv

        return os.fspath(uv.find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")


def download(
    specs: Sequence[str], environ: Mapping[str, str], progress: Callable[[str], None] | None = None
) -> tuple[Interpreter | None, str]:
    """Have uv download the first of these versions that it can.

    Args:
        specs: versions such as ``"3.9"``; other specifications are skipped.
        environ: the variables that uv runs with; UV_OFFLINE and UV_PYTHON_DOWNLOADS=never prevent a download.
        progress: called with a message before each attempt.

    Returns:
        The interpreter, or None and the reason.
    """
    uv = find_uv()
    versions = [spec for spec in specs if re.fullmatch(r"3\.\d+(\.\d+)?", spec)]
    refusal = _refusal(uv, versions, environ)
    if uv is None or refusal:
        return None, refusal
    reason = ""
    for version in versions:
        if progress:
            progress(f"no Python {version} is installed: uv tries to download one")
        interpreter, reason = _download_version(uv, version, environ)
        if interpreter:
            return interpreter, ""
    return None, reason


def _refusal(uv: str | None, versions: Sequence[str], environ: Mapping[str, str]) -> str:
    """Say why no download is attempted; an empty string when one is."""
    if uv is None:
        return "uv is not installed (pip install uv)"
    if not versions:
        return "uv offers none of these versions"
    if environ.get("UV_OFFLINE", "").lower() in {"1", "true", "yes", "on"}:
        return "UV_OFFLINE is set"
    if environ.get("UV_PYTHON_DOWNLOADS", "").lower() in {"never", "false", "0"}:
        return f"UV_PYTHON_DOWNLOADS={environ['UV_PYTHON_DOWNLOADS']} forbids it"
    return ""


def _download_version(uv: str, version: str, environ: Mapping[str, str]) -> tuple[Interpreter | None, str]:
    status, output = _run_uv(uv, ["python", "install", version], environ)
    if status != 0:
        return None, f"uv could not download Python {version}: {_last_cause(output)}"
    status, output = _run_uv(uv, ["python", "find", "--no-project", "--managed-python", version], environ)
    interpreter = probe(output.strip().splitlines()[-1]) if status == 0 and output.strip() else None
    reason = f"uv installed Python {version} but does not find it: {_last_cause(output)}"
    return interpreter, "" if interpreter else reason


def _run_uv(uv: str, arguments: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
    try:
        process = subprocess.run(
            [uv, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**UV_TIMEOUTS, **tool_variables(environ)},
            timeout=DOWNLOAD_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return 124, f"no end after {DOWNLOAD_TIMEOUT_S:.0f} s"
    return process.returncode, process.stdout.decode("utf-8", "replace")


def _last_cause(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    causes = [line.removeprefix("cause:").strip() for line in lines if line.lower().startswith("cause")]
    return (causes or lines or ["it said nothing"])[-1]
