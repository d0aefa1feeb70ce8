"""Look for shared libraries: the linker's folders, the loader's cache, the symbols that a file holds."""

from __future__ import annotations

import mmap
import os
import re
import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from .commands import tool_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

LINK_TIMEOUT_S = 60.0
# ldconfig lives in sbin, which an ordinary user's search path may lack.
SYSTEM_FOLDERS = os.pathsep.join(("/sbin", "/usr/sbin"))


def library_folders() -> list[Path]:
    """List the folders in which a distribution keeps libraries for this machine, its own architecture's first."""
    triplet = sysconfig.get_config_var("MULTIARCH")
    own = [Path("/usr/lib") / triplet] if triplet else []
    others = sorted(path for path in Path("/usr/lib").glob("*-linux-*") if path.is_dir())
    return list(dict.fromkeys([*own, *others, Path("/usr/lib64"), Path("/usr/lib")]))


def first_match(folders: Iterable[Path], patterns: Iterable[str]) -> Path | None:
    """Give the first file that a pattern finds, folder by folder."""
    patterns = tuple(patterns)
    return next((hit for folder in folders for pattern in patterns for hit in sorted(folder.glob(pattern))), None)


def loader_finds(name: str) -> Path | None:
    """Give the file that the loader's cache holds for a library's name, such as ``libblas.so.3``."""
    ldconfig = shutil.which("ldconfig") or shutil.which("ldconfig", path=SYSTEM_FOLDERS)
    if ldconfig is None:
        return None
    listed = subprocess.run([ldconfig, "-p"], capture_output=True, check=False, timeout=LINK_TIMEOUT_S)
    line = re.search(rf"^\s*{re.escape(name)} .*=> (.+)$", listed.stdout.decode("utf-8", "replace"), re.MULTILINE)
    return Path(line.group(1)) if line else None


def compiler() -> str | None:
    """Give the C++ compiler that Theano and PyTensor would take: ``g++``, or ``clang++``."""
    return shutil.which("g++") or shutil.which("clang++")


def link_error(flags: str) -> str:
    """Try to link a program with these flags; an empty string says that it can be done, else the linker's words."""
    program = compiler()
    if program is None:
        return "no C++ compiler found (apt-get install g++)"
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "empty.cpp")
        source.write_text("int main() { return 0; }\n")
        ended = subprocess.run(
            [program, str(source), "-o", str(source.with_suffix(".out")), *flags.split()],
            capture_output=True,
            env=tool_variables(os.environ),
            check=False,
            timeout=LINK_TIMEOUT_S,
        )
    said = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    return "" if ended.returncode == 0 else (said or ["the linker failed without a word"])[0]


def has_symbol(library: Path, symbol: str) -> bool:
    """Tell whether a shared library holds a name, such as ``dgemm_``, in one of its string tables."""
    with library.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        return content.find(b"\0" + symbol.encode() + b"\0") != -1
