"""The level-3 BLAS calls of a child: what was called with which sizes, how often, and for how long.

The recording is done in the child by ``blas_recorder.c``, which is compiled once for each compiler and preloaded. Its
figures stand in files that can be read at any moment, the child need not be asked: read before and after a round,
their difference (`minus`) is what the round called.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shlex
import shutil
import struct
import sys
import tempfile
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_multicore.environments import cache, commands
from pytest_multicore.errors import EnvironmentUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SOURCE = Path(__file__).with_suffix(".c")
FOLDER_VARIABLE = "PYTEST_MULTICORE_BLAS_CALLS"
PRELOAD_VARIABLE = "LD_PRELOAD"

#: -O1: a recorded call costs the same as with -O2 (40 to 60 ns), and it compiles in half the time (1.1 s).
FLAGS = ("-std=gnu11", "-O1", "-fPIC", "-shared", "-pthread")
LIBRARIES = ("-ldl",)
COMPILE_TIMEOUT_S = 600.0

#: The structs `table` and `entry` of the source.
MAGIC = b"PMBLAS01"
HEADER = struct.Struct("<8sIIQQQ24x")
ENTRY = struct.Struct("<Q16sqqqQQ")

#: The routine of calls whose sizes are not known: a process had more different ones than its table has room for.
OTHER = "other sizes"

# MKL_VERBOSE DGEMM(N,N,1000,1000,1000,0x7ffd,...) 22.89ms CNR:OFF Dyn:1 FastMM:1 TID:0  NThr:2
MKL_CALL = re.compile(r"^MKL_VERBOSE ([A-Z0-9_]+)\(([^)]*)\) ([0-9.]+)([mnu]?s)\b", re.MULTILINE)
MKL_UNITS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}
MKL_LOG = "mkl-verbose.log"


@dataclass(frozen=True, slots=True)
class Call:
    """All calls of one routine with the same sizes.

    Attributes:
        routine: its name in BLAS, ``"dgemm"``; `OTHER` for calls of which not even that is known.
        m: rows of the result, as the caller gave them; for ``"dgemm_batch"`` of one product of the batch. m, n and k
            are 0 where they are not known: of `OTHER`, and of batches of different sizes.
        n: columns of the result.
        k: the length that is summed over; where the routine names none (symm, trmm, trsm), the matrix's size.
        count: number of calls.
        seconds: wall time spent in them, all together.
    """

    routine: str
    m: int
    n: int
    k: int
    count: int
    seconds: float

    @property
    def mnk(self) -> int:
        """Multiply-adds of one call of gemm, what a BLAS compares with its threshold; 0: the sizes are not known."""
        return self.m * self.n * self.k


def compiled() -> Path:
    """Give the recorder as a shared library, compiled at the first use and kept in the cache folder.

    Raises:
        EnvironmentUnavailable: not on Linux, no C compiler, or it fails; says what is missing.
    """
    if sys.platform != "linux":
        raise EnvironmentUnavailable(f"BLAS calls can be recorded on Linux only; this is {sys.platform}")
    compiler = c_compiler()
    # What the compiler is can change under one path; its size and date tell, and cost no start of it.
    program = os.stat(compiler[0])
    facts = (*compiler, program.st_size, program.st_mtime_ns, platform.machine(), *FLAGS, *LIBRARIES)
    key = hashlib.sha256(SOURCE.read_bytes() + repr(facts).encode()).hexdigest()[:24]
    library = cache.root() / "recorder" / f"blas_recorder-{key}.so"
    if any(character.isspace() or character == ":" for character in str(library)):
        raise EnvironmentUnavailable(
            f"the BLAS call recorder would be {library}, but the loader splits {PRELOAD_VARIABLE} at spaces and "
            f"colons: set {cache.CACHE_VARIABLE} to a folder without them"
        )
    if not library.exists():
        _compile(compiler, library)
    return library


def c_compiler() -> list[str]:
    """Give the C compiler and its own arguments: ``$CC``, else the first of cc, gcc and clang that is on PATH.

    Raises:
        EnvironmentUnavailable: there is none.
    """
    told = shlex.split(os.environ.get("CC", ""))
    for name, *arguments in [told] if told else [["cc"], ["gcc"], ["clang"]]:
        if found := shutil.which(name):
            return [found, *arguments]
    looked = f"CC={os.environ['CC']}, which is no program" if told else "cc, gcc or clang on PATH (CC is not set)"
    raise EnvironmentUnavailable(
        f"recording BLAS calls needs a C compiler; looked for {looked}. Install one (apt-get install gcc libc6-dev), "
        "or set CC"
    )


def _compile(compiler: list[str], library: Path) -> None:
    library.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=library.stem, dir=library.parent) as building:
        made = Path(building, library.name)
        commands.run(
            [*compiler, *FLAGS, "-o", str(made), str(SOURCE), *LIBRARIES],
            cache.root() / "logs" / f"{library.stem}.log",
            "compile the BLAS call recorder",
            COMPILE_TIMEOUT_S,
        )
        made.replace(library)  # whole from its first moment, whoever else compiles it now


def variables(folder: Path, world: Mapping[str, str] = os.environ, *, mkl_verbose: bool = False) -> dict[str, str]:
    """Give what a child's environment must hold to be recorded.

    Args:
        folder: where the records go; it must exist, and be this child's alone.
        world: the variables that the child has otherwise; what these preload stays.
        mkl_verbose: have MKL write down its calls too, for an MKL that is linked statically; see `read_mkl`.

    Raises:
        EnvironmentUnavailable: see `compiled`.
    """
    preloaded = [str(compiled()), *([world[PRELOAD_VARIABLE]] if world.get(PRELOAD_VARIABLE) else [])]
    found = {PRELOAD_VARIABLE: ":".join(preloaded), FOLDER_VARIABLE: str(folder)}
    if mkl_verbose:
        found |= {"MKL_VERBOSE": "1", "MKL_VERBOSE_OUTPUT_FILE": str(folder / MKL_LOG)}
    return found


def read(folder: Path, pid: int | None = None) -> tuple[Call, ...]:
    """Read what has been called so far, the routines and sizes that took longest first.

    Args:
        folder: as given to `variables`.
        pid: one process; None: all of the tree.
    """
    files = sorted(folder.glob(f"{'*' if pid is None else pid}-*.calls"))
    return _summed(call for file in files for call in _calls_in(file.read_bytes()))


def _calls_in(content: bytes) -> Iterator[Call]:
    if len(content) < HEADER.size or not content.startswith(MAGIC):
        return  # the process is just about to make it
    _, entry_bytes, capacity, other_calls, other_ns, _ = HEADER.unpack_from(content)
    if other_calls:
        yield Call(OTHER, 0, 0, 0, other_calls, other_ns / 1e9)
    entries = content[HEADER.size : HEADER.size + entry_bytes * capacity]
    for written, routine, m, n, k, count, ns in ENTRY.iter_unpack(entries):
        if written and count:
            yield Call(routine.rstrip(b"\0").decode("ascii"), m, n, k, count, ns / 1e9)


def read_mkl(folder: Path) -> tuple[Call, ...]:
    """Read the level-3 calls that MKL wrote down by itself (MKL_VERBOSE), as `read` does.

    For an MKL that is linked statically, as in PyTorch's wheels. One that is linked dynamically is seen by `read` too:
    the calls are the same, not to be added.
    """
    log = folder / MKL_LOG
    return mkl_calls(log.read_text(encoding="utf-8", errors="replace")) if log.exists() else ()


def mkl_calls(said: str) -> tuple[Call, ...]:
    """Find the level-3 calls in what MKL prints with MKL_VERBOSE=1."""
    found = []
    for name, told, time, unit in MKL_CALL.findall(said):
        sizes = _mkl_sizes(name.lower(), told.split(","))
        if sizes:
            found.append(Call(name.lower(), *sizes, 1, float(time) * MKL_UNITS[unit]))
    return _summed(found)


def _mkl_sizes(routine: str, told: list[str]) -> tuple[int, int, int] | None:
    """The sizes m, n and k among a routine's arguments, which are those of Fortran; None: not of level 3."""
    kind = routine[1:]
    if kind in ("gemm", "gemm3m"):
        m, n, k = map(int, told[2:5])
    elif kind == "gemm_batch":
        m = n = k = 0  # it tells addresses in place of sizes
    elif kind in ("gemmt", "gemmtr"):
        m, k = map(int, told[3:5])
        n = m
    elif kind in ("syrk", "herk", "syr2k", "her2k"):
        m, k = map(int, told[2:4])
        n = m
    elif kind in ("symm", "hemm", "trmm", "trsm"):
        m, n = map(int, told[4:6] if kind.startswith("tr") else told[2:4])
        k = m if told[0].upper() == "L" else n
    else:
        return None
    return m, n, k


def minus(after: Iterable[Call], before: Iterable[Call]) -> tuple[Call, ...]:
    """Give what was called between two readings."""
    gone = [Call(call.routine, call.m, call.n, call.k, -call.count, -call.seconds) for call in before]
    return _summed([*after, *gone])


def _summed(calls: Iterable[Call]) -> tuple[Call, ...]:
    counts: defaultdict[tuple[str, int, int, int], int] = defaultdict(int)
    seconds: defaultdict[tuple[str, int, int, int], float] = defaultdict(float)
    for call in calls:
        key = (call.routine, call.m, call.n, call.k)
        counts[key] += call.count
        seconds[key] += call.seconds
    found = [Call(*key, count, max(0.0, seconds[key])) for key, count in counts.items() if count > 0]
    return tuple(sorted(found, key=lambda call: call.seconds, reverse=True))
