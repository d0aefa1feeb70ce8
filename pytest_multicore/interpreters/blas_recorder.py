"""The level-3 BLAS calls of a child: routines, sizes, counts and durations.

``blas_recorder.c`` records them in the child; it is compiled once for each compiler, and preloaded. It writes its
figures to files that can be read at any moment without the child. The `difference` of the files before and after a
round is what the round called.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import struct
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_multicore.environments import cache, commands, scratch
from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.settings.system import IS_LINUX

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SOURCE = Path(__file__).with_suffix(".c")
FOLDER_VARIABLE = "PYTEST_MULTICORE_BLAS_CALLS"
PRELOAD_VARIABLE = "LD_PRELOAD"

#: -O1: a recorded call costs the same as with -O2 (40 to 60 ns), and the compiler takes half the time (1.1 s).
FLAGS = ("-std=gnu11", "-O1", "-fPIC", "-shared", "-pthread")
LIBRARIES = ("-ldl",)
COMPILE_TIMEOUT_S = 600.0

#: The structs `table` and `entry` of blas_recorder.c.
MAGIC = b"PMBLAS01"
HEADER = struct.Struct("<8sIIQQQ24x")
ENTRY = struct.Struct("<Q16sqqqQQ")

#: The routine of calls with unknown sizes: a process had more different sizes than its table has room for.
OTHER_SIZES = "other sizes"


@dataclass(frozen=True, slots=True)
class Call:
    """All calls of one routine with the same sizes.

    Attributes:
        routine: its name in BLAS, ``"dgemm"``; `OTHER_SIZES` where not even that is known.
        m: rows of the result, as the caller gave them; for ``"dgemm_batch"`` of one product of the batch. m, n and k
            are 0 where they are not known: of `OTHER_SIZES`, and of batches of different sizes.
        n: columns of the result.
        k: the length that is summed over; where the routine has none (symm, trmm, trsm), the matrix's size.
        count: number of calls.
        seconds: wall seconds of all of them together.
    """

    routine: str
    m: int
    n: int
    k: int
    count: int
    seconds: float

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one call of gemm, which a BLAS compares with its threshold; 0: the sizes are not known."""
        return self.m * self.n * self.k


def compile_recorder() -> Path:
    """Return the recorder as a shared library, which is compiled at the first use and kept in the cache folder.

    Raises:
        EnvironmentUnavailable: the system is not Linux, there is no C compiler, or it fails; says what is missing.
    """
    if not IS_LINUX:
        raise EnvironmentUnavailable("BLAS calls can be recorded on Linux only")
    compiler = c_compiler()
    # Another compiler may be installed at the same path: size and date show that without starting it.
    program = os.stat(compiler[0])
    facts = (*compiler, program.st_size, program.st_mtime_ns, platform.machine(), *FLAGS, *LIBRARIES)
    key = hashlib.sha256(SOURCE.read_bytes() + repr(facts).encode()).hexdigest()[:24]
    library = cache.part("recorder") / f"blas_recorder-{key}.so"
    if any(character.isspace() or character == ":" for character in str(library)):
        raise EnvironmentUnavailable(
            f"the BLAS call recorder would be {library}, but the loader splits {PRELOAD_VARIABLE} at spaces and "
            f"colons: set {cache.CACHE_VARIABLE} to a folder without them"
        )
    scratch.remove_abandoned(library.parent, library.stem)
    if not _is_whole(library):
        with cache.locked(key, _wait_quietly):
            if not _is_whole(library):
                _compile(compiler, library)
    return library


def _wait_quietly() -> None:
    """Another process compiles it: that takes a second."""


def _is_whole(library: Path) -> bool:
    """Whether a library is there, and as it was compiled. A damaged one would record nothing, or crash the child."""
    try:
        return _digest_file(library).read_text(encoding="ascii") == _digest(library)
    except (OSError, ValueError):
        return False


def _digest_file(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _digest(library: Path) -> str:
    return hashlib.sha256(library.read_bytes()).hexdigest()


def c_compiler() -> list[str]:
    """Return the C compiler and its arguments: ``$CC``, or the first of cc, gcc and clang on PATH.

    Raises:
        EnvironmentUnavailable: there is none.
    """
    chosen = shlex.split(os.environ.get("CC", ""))
    for name, *arguments in [chosen] if chosen else [["cc"], ["gcc"], ["clang"]]:
        if program := shutil.which(name):
            return [program, *arguments]
    programs = f"CC={os.environ['CC']}, which is no program" if chosen else "cc, gcc or clang on PATH (CC is not set)"
    raise EnvironmentUnavailable(
        f"recording BLAS calls needs a C compiler; looked for {programs}. Install one (apt-get install gcc libc6-dev), "
        "or set CC"
    )


def _compile(compiler: list[str], library: Path) -> None:
    with cache.written(library.parent), _building_folder(library) as building:
        built = building / library.name
        commands.run(
            [*compiler, *FLAGS, "-o", str(built), str(SOURCE), *LIBRARIES],
            cache.root() / "logs" / f"{library.stem}.log",
            "compile the BLAS call recorder",
            COMPILE_TIMEOUT_S,
        )
        digest_file = building / _digest_file(library).name
        digest_file.write_text(_digest(built), encoding="ascii")
        built.replace(library)  # atomic: another process may be loading the former one
        digest_file.replace(_digest_file(library))


@contextmanager
def _building_folder(library: Path) -> Iterator[Path]:
    with scratch.folder(library.stem, library.parent) as building:
        yield building


def variables(folder: Path, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the variables that make a child record its calls.

    Args:
        folder: the folder for the records; it must exist, and no other child may use it.
        environ: the variables that the child has otherwise; what these preload stays.

    Raises:
        EnvironmentUnavailable: see `compile_recorder`.
    """
    libraries = [str(compile_recorder()), *([environ[PRELOAD_VARIABLE]] if environ.get(PRELOAD_VARIABLE) else [])]
    return {PRELOAD_VARIABLE: ":".join(libraries), FOLDER_VARIABLE: str(folder)}


def read(folder: Path) -> tuple[Call, ...]:
    """Read the calls so far of all processes of the tree, the routines and sizes that took longest first.

    ``folder``: as given to `variables`.
    """
    files = sorted(folder.glob("*.calls"))
    return _merged(call for file in files for call in _calls_in(file.read_bytes()))


def _calls_in(content: bytes) -> Iterator[Call]:
    if len(content) < HEADER.size or not content.startswith(MAGIC):
        return  # the process is about to write it
    _, entry_bytes, capacity, other_calls, other_ns, _ = HEADER.unpack_from(content)
    if other_calls:
        yield Call(OTHER_SIZES, 0, 0, 0, other_calls, other_ns / 1e9)
    entries = content[HEADER.size : HEADER.size + entry_bytes * capacity]
    for written, routine, m, n, k, count, ns in ENTRY.iter_unpack(entries):
        if written and count:
            yield Call(routine.rstrip(b"\0").decode("ascii"), m, n, k, count, ns / 1e9)


def difference(after: Iterable[Call], before: Iterable[Call]) -> tuple[Call, ...]:
    """The calls between two readings."""
    negative = [Call(call.routine, call.m, call.n, call.k, -call.count, -call.seconds) for call in before]
    return _merged([*after, *negative])


def _merged(calls: Iterable[Call]) -> tuple[Call, ...]:
    counts: defaultdict[tuple[str, int, int, int], int] = defaultdict(int)
    seconds: defaultdict[tuple[str, int, int, int], float] = defaultdict(float)
    for call in calls:
        key = (call.routine, call.m, call.n, call.k)
        counts[key] += call.count
        seconds[key] += call.seconds
    merged = [Call(*key, count, max(0.0, seconds[key])) for key, count in counts.items() if count > 0]
    return tuple(sorted(merged, key=lambda call: call.seconds, reverse=True))
