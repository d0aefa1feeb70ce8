"""The recorder of BLAS calls, with real libraries: NumPy's own, Debian's where they are installed, MKL where it is."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.errors import EnvironmentUnavailable
from pytest_multicore.interpreters import blas_recorder
from pytest_multicore.interpreters.blas_recorder import OTHER_SIZES, Call
from tests.interpreters.built import built_files

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="recording is done on Linux only")

#: A number give or take a millionth of it, in a place whose type is float.
about: Any = pytest.approx

DEBIAN = Path("/usr/lib") / f"{os.uname().machine}-linux-gnu"
LIBRARIES = {name: DEBIAN / name / "libblas.so.3" for name in ("blas", "openblas-pthread", "openblas-openmp")}
LIBRARIES |= {"blis-pthread": DEBIAN / "blis-pthread" / "libblas.so.3"}

#: Calls each routine by both of its names.
ALL_ROUTINES = (Path(__file__).parent / "blas_routines.py").read_text()
#: m, n and k of them, by the letters of the types that have them.
SIZES = {
    "sdcz": {"gemm": (5, 7, 3), "syrk": (7, 7, 3), "syr2k": (7, 7, 3)}
    | {"symm": (5, 7, 7), "trmm": (5, 7, 5), "trsm": (5, 7, 7)},
    "cz": {"hemm": (5, 7, 5), "herk": (7, 7, 3), "her2k": (7, 7, 3)},
}


@pytest.fixture(scope="module", autouse=True)
def recorder() -> Path:
    try:
        return blas_recorder.compile_recorder()
    except EnvironmentUnavailable as error:
        pytest.skip(str(error))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "calls"
    made.mkdir()
    return made


def run(folder: Path, code: str, *arguments: str, **variables: str) -> str:
    """Run code with the recorder, and return what it prints."""
    world = {**os.environ, **variables}
    ended = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**world, **blas_recorder.variables(folder, world)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def counted(calls: tuple[Call, ...]) -> dict[tuple[str, int, int, int], int]:
    return {(call.routine, call.m, call.n, call.k): call.count for call in calls}


def numpy_calls(folder: Path, code: str) -> dict[tuple[str, int, int, int], int]:
    run(folder, f"import numpy as np\n{code}")
    return counted(blas_recorder.read(folder))


def test_a_product_is_one_call_with_its_sizes_and_its_time(folder: Path) -> None:
    code = (
        "import numpy as np, time\na, b = np.ones((1000, 1000)), np.ones((1000, 1000))\n"
        "start = time.perf_counter()\na @ b\nprint(time.perf_counter() - start)"
    )
    whole_s = float(run(folder, code))
    (call,) = blas_recorder.read(folder)
    assert (call.routine, call.m, call.n, call.k, call.count) == ("dgemm", 1000, 1000, 1000, 1)
    assert call.multiply_adds == 10**9
    assert 0.1 * whole_s < call.seconds < whole_s


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("np.ones((30, 50), 'f') @ np.ones((50, 70), 'f')", {("sgemm", 30, 70, 50): 1}),
        ("np.ones((9, 20, 30)) @ np.ones((9, 30, 40))", {("dgemm", 20, 40, 30): 9}),
        ("np.ones((30, 50), complex) @ np.ones((50, 70), complex)", {("zgemm", 30, 70, 50): 1}),
        ("a = np.ones((50, 30)); a.T @ a", {("dsyrk", 30, 30, 50): 1}),
        ("np.ones((30, 50), int) @ np.ones((50, 70), int)", {}),
    ],
)
def test_what_numpy_calls_is_seen(folder: Path, code: str, expected: dict[tuple[str, int, int, int], int]) -> None:
    assert numpy_calls(folder, code) == expected


def test_calls_of_several_threads_are_all_counted(folder: Path) -> None:
    code = (
        "import threading\n"
        "def work():\n"
        "    for i in range(4000): np.dot(np.ones((2 + i % 8, 2)), np.ones((2, 3)))\n"
        "threads = [threading.Thread(target=work) for _ in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
    )
    assert numpy_calls(folder, code) == {("dgemm", m, 3, 2): 2000 for m in range(2, 10)}


def test_a_forked_process_has_its_own_record(folder: Path) -> None:
    code = (
        "import os, sys, numpy as np\na = np.ones((20, 20)); b = a + 1\na @ b\n"
        "child = os.fork()\nb @ a\nif child: os.waitpid(child, 0); print(os.getpid(), child)\n"
    )
    pids = run(folder, code, OPENBLAS_NUM_THREADS="1").split()
    key = ("dgemm", 20, 20, 20)
    assert counted(blas_recorder.read(folder)) == {key: 3}
    for pid, count in zip(pids, (2, 1), strict=True):
        (folder / pid).mkdir()
        for file in folder.glob(f"{pid}-*.calls"):
            file.rename(folder / pid / file.name)
        assert counted(blas_recorder.read(folder / pid)) == {key: count}


def test_a_process_that_starts_another_program_in_its_place_keeps_both_records(folder: Path) -> None:
    code = (
        "import os, sys, numpy as np\nnp.ones((int(sys.argv[1]), 20)) @ np.ones((20, 20))\n"
        "if sys.argv[1] == '30': os.execv(sys.executable, [sys.executable, '-c', sys.argv[2], '40'])\n"
    )
    run(folder, code, "30", code)
    assert counted(blas_recorder.read(folder)) == {("dgemm", 30, 20, 20): 1, ("dgemm", 40, 20, 20): 1}
    assert len({path.name.partition("-")[0] for path in folder.iterdir()}) == 1


@pytest.fixture
def live(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A child that makes a product for each size it is told, and says so."""
    code = (
        "import sys, numpy as np\n"
        "for line in sys.stdin: np.ones((int(line), 6)) @ np.ones((6, 7)); print('done', flush=True)\n"
    )
    world = {**os.environ, **blas_recorder.variables(folder)}
    child = subprocess.Popen(
        [sys.executable, "-c", code], env=world, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        yield child


def test_a_living_process_is_read_at_two_moments(folder: Path, live: subprocess.Popen[str]) -> None:
    assert live.stdin is not None
    assert live.stdout is not None
    tell, answers = live.stdin, live.stdout

    def product(size: int) -> None:
        tell.write(f"{size}\n")
        tell.flush()
        assert answers.readline() == "done\n"

    assert blas_recorder.read(folder) == ()
    product(5)
    product(6)
    before = blas_recorder.read(folder)
    for size in (5, 5, 8):
        product(size)
    between = blas_recorder.difference(blas_recorder.read(folder), before)
    assert counted(between) == {("dgemm", 5, 7, 6): 2, ("dgemm", 8, 7, 6): 1}
    assert all(call.seconds > 0 for call in between)
    assert blas_recorder.difference(before, before) == ()


def test_more_sizes_than_there_is_room_for_are_counted_and_told(folder: Path) -> None:
    found = numpy_calls(
        folder,
        "for m in range(2, 82):\n    for n in range(2, 82): np.dot(np.ones((m, 2)), np.ones((2, n)))\n",
    )
    assert found.pop((OTHER_SIZES, 0, 0, 0)) == 80 * 80 - 6144
    assert len(found) == 6144
    assert set(found.values()) == {1}


@pytest.mark.parametrize("name", LIBRARIES)
def test_each_routine_gives_the_same_result_and_is_counted_once(folder: Path, name: str) -> None:
    """By both interfaces; the reference BLAS's and BLIS's CBLAS may call the Fortran routine: still one call."""
    library = LIBRARIES[name]
    if not library.exists():
        pytest.skip(f"{library} is not installed")
    told = run(folder, ALL_ROUTINES, str(library), OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")
    plain = subprocess.run(
        [sys.executable, "-c", ALL_ROUTINES, str(library)],
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert told == plain.stdout
    expected = {
        (letter + kind, *size): 2
        for letters, kinds in SIZES.items()
        for letter in letters
        for kind, size in kinds.items()
    }
    assert counted(blas_recorder.read(folder)) == expected


def test_each_caller_meets_the_blas_that_it_is_linked_to(folder: Path, tmp_path: Path) -> None:
    """Two libraries with one name in one process, as NumPy's and Theano's were in 2016."""
    compiler = blas_recorder.c_compiler()
    for number in (1, 2):
        blas, caller = tmp_path / f"libblas{number}.so", tmp_path / f"libcaller{number}.so"
        (tmp_path / "blas.c").write_text(f"void dgemm_(void *a, void *b, int *m) {{ *m = {number}; }}")
        (tmp_path / "caller.c").write_text(
            "void dgemm_(); int ask(void) { int m = 9; dgemm_(0, 0, &m, &m, &m); return m; }"
        )
        flags = [*compiler, "-std=gnu11", "-shared", "-fPIC"]
        subprocess.run([*flags, "-o", blas, tmp_path / "blas.c"], check=True)
        subprocess.run([*flags, "-o", caller, tmp_path / "caller.c", blas], check=True)
    code = (
        "import ctypes, sys\none, two = [ctypes.CDLL(path) for path in sys.argv[1:]]\n"
        "print([library.ask() for library in (one, two, two, one)])"
    )
    assert run(folder, code, *(str(tmp_path / f"libcaller{number}.so") for number in (1, 2))) == "[1, 2, 2, 1]\n"
    assert counted(blas_recorder.read(folder)) == {("dgemm", 9, 9, 9): 4}


def test_a_call_that_cannot_be_recorded_is_made_all_the_same(folder: Path) -> None:
    gone = folder / "gone"
    code = "import numpy as np; print((np.ones((20, 20)) @ np.ones((20, 20))).sum())"
    world = {**os.environ, **blas_recorder.variables(gone)}
    ended = subprocess.run([sys.executable, "-c", code], env=world, capture_output=True, text=True, check=True)
    assert ended.stdout == "8000.0\n"
    assert f"BLAS calls are not recorded: no file can be made in {gone}: No such file or directory" in ended.stderr
    assert blas_recorder.read(gone) == ()


def mkl() -> Path:
    found = built_files("lib/libmkl_rt.so.*")
    if not found:
        pytest.skip("no environment with MKL was built here; --multicore-blas=mkl with mkl among `requires` builds one")
    return found[0]


def logged_by_mkl(log: str) -> dict[tuple[str, int, int, int], int]:
    """Level-3 calls as MKL tells them: MKL_VERBOSE DGEMM(N,N,5,7,3,0x7ffd,...) 22.89ms CNR:OFF Dyn:1."""
    calls: Counter[tuple[str, int, int, int]] = Counter()
    for routine, told in re.findall(r"^MKL_VERBOSE ([A-Z0-9]+)\(([^)]*)\)", log, re.MULTILINE):
        kind, arguments = routine[1:].lower(), told.split(",")
        first = {"gemm": 2, "trmm": 4, "trsm": 4}.get(kind, 2)
        sizes = [int(size) for size in arguments[first : first + (3 if kind == "gemm" else 2)]]
        if kind in ("syrk", "herk", "syr2k", "her2k"):
            sizes.insert(0, sizes[0])
        elif kind != "gemm":
            sizes.append(sizes[0] if arguments[0] == "L" else sizes[1])
        calls[routine.lower(), sizes[0], sizes[1], sizes[2]] += 1
    return calls


def test_mkl_is_seen_from_outside_as_it_sees_itself(folder: Path) -> None:
    library, log = mkl(), folder / "mkl.log"
    found = {"LD_LIBRARY_PATH": str(library.parent), "MKL_NUM_THREADS": "1"}
    run(folder, ALL_ROUTINES, str(library), MKL_VERBOSE="1", MKL_VERBOSE_OUTPUT_FILE=str(log), **found)
    seen = counted(blas_recorder.read(folder))
    assert seen == logged_by_mkl(log.read_text(encoding="utf-8", errors="replace"))
    assert sum(seen.values()) == 4 * 12 + 2 * 6


def test_what_is_preloaded_already_stays(folder: Path, recorder: Path) -> None:
    found = blas_recorder.variables(folder, {"LD_PRELOAD": "libother.so"})
    assert found == {"LD_PRELOAD": f"{recorder}:libother.so", "PYTEST_MULTICORE_BLAS_CALLS": str(folder)}
    assert blas_recorder.variables(folder, {})["LD_PRELOAD"] == str(recorder)
