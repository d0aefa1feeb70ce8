"""Find shared libraries: the linker's folders, the loader's cache, the symbols that a file holds."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

from . import scratch
from .commands import tool_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

LINK_TIMEOUT_S = 60.0
# ldconfig is in sbin, which an ordinary user's search path may lack.
SYSTEM_FOLDERS = os.pathsep.join(("/sbin", "/usr/sbin"))


def library_folders() -> list[Path]:
    """List the folders in which a distribution keeps libraries for this machine, its own architecture's first."""
    triplet = sysconfig.get_config_var("MULTIARCH")
    own = [Path("/usr/lib") / triplet] if triplet else []
    others = sorted(path for path in Path("/usr/lib").glob("*-linux-*") if path.is_dir())
    return list(dict.fromkeys([*own, *others, Path("/usr/lib64"), Path("/usr/lib")]))


def first_match(folders: Iterable[Path], patterns: Iterable[str]) -> Path | None:
    """Return the first file that matches a pattern, folder by folder."""
    patterns = tuple(patterns)
    return next((hit for folder in folders for pattern in patterns for hit in sorted(folder.glob(pattern))), None)


def loader_finds(name: str) -> Path | None:
    """Return the file that the loader's cache has for a library's name, such as ``libblas.so.3``."""
    ldconfig = shutil.which("ldconfig") or shutil.which("ldconfig", path=SYSTEM_FOLDERS)
    if ldconfig is None:
        return None
    listed = subprocess.run([ldconfig, "-p"], capture_output=True, check=False, timeout=LINK_TIMEOUT_S)
    line = re.search(rf"^\s*{re.escape(name)} .*=> (.+)$", listed.stdout.decode("utf-8", "replace"), re.MULTILINE)
    return Path(line.group(1)) if line else None


def compiler() -> str | None:
    """Return the C++ compiler that Theano and PyTensor would take: ``g++``, or ``clang++``."""
    return shutil.which("g++") or shutil.which("clang++")


def link_error(flags: str) -> str:
    """Try to link a program with these flags; returns the linker's error, or an empty string."""
    program = compiler()
    if program is None:
        return "no C++ compiler found (apt-get install g++)"
    with scratch.folder() as folder:
        source = folder / "empty.cpp"
        source.write_text("int main() { return 0; }\n")
        process = subprocess.run(
            [program, str(source), "-o", str(source.with_suffix(".out")), *flags.split()],
            capture_output=True,
            env=tool_variables(os.environ),
            check=False,
            timeout=LINK_TIMEOUT_S,
        )
    output = process.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if process.returncode == 0 else (output or ["the linker failed without a word"])[0]


def has_symbol(library: Path, symbol: str) -> bool:
    """Return whether one of a shared library's string tables has a symbol, such as ``dgemm_``."""
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"\0" + symbol.encode() + b"\0") != -1
