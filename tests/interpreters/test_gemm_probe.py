"""The probe for a BLAS's threading threshold, in the agent, on real libraries."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.interpreters.built import built_files
from tests.interpreters.dialogue import Dialogue
from tests.interpreters.test_blas_recorder import LIBRARIES

SCHEDSTAT = Path("/proc/self/task") / str(os.getpid()) / "schedstat"
#: Idle threads of these do not spin, so that the probe need not wait for them; the threshold is not theirs to change.
SOON_ASLEEP = {"OPENBLAS_THREAD_TIMEOUT": "4", "KMP_BLOCKTIME": "0", "OMP_WAIT_POLICY": "PASSIVE"}

pytestmark = [
    pytest.mark.skipif(not SCHEDSTAT.exists(), reason="this system does not tell the CPU time of each thread"),
    pytest.mark.skipif(
        not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2,
        reason="this process may use one core: no BLAS threads here",
    ),
]


def told(threads: int = 2, **more: str) -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS")
    return {**dict.fromkeys(names, str(threads)), "MKL_DYNAMIC": "FALSE", **SOON_ASLEEP, **more}


def probe(folder: Path, variables: dict[str, str], python: str = sys.executable, /, **arguments: object) -> Any:
    with Dialogue(python, folder, 60, **variables) as child:
        answer = child.ask("call", target="builtin:gemm_probe", arguments=arguments, path=[])
    assert answer["type"] == "result", answer
    return answer["value"]


def threads_at(
    folder: Path, variables: dict[str, str], product: int, found: dict[str, Any], **arguments: object
) -> set[int]:
    """What a fresh interpreter sees at a size that was probed: several looks at just this one."""
    shape = next(sizes[:3] for sizes in found["probed"] if sizes[0] * sizes[1] * sizes[2] == product)
    again = probe(folder, variables, shape=shape, grow="k", largest=product, **arguments)
    assert {tuple(sizes[:3]) for sizes in again["probed"]} == {tuple(shape)}
    return {sizes[3] for sizes in again["probed"]}


def test_numpys_threshold_holds_when_it_is_measured_again(tmp_path: Path) -> None:
    variables = told()
    found = probe(tmp_path, variables)
    assert 1 < found["threshold_mnk"] == found["serial_below"] < found["threaded_above"] < 1e8
    assert found["threaded_above"] < 1.1 * found["serial_below"]
    assert threads_at(tmp_path, variables, found["serial_below"], found) == {1}
    assert threads_at(tmp_path, variables, found["threaded_above"], found) == {2}
    assert "blas" in os.path.basename(found["blas"])


def test_threads_that_spin_after_their_work_are_not_taken_for_working(tmp_path: Path) -> None:
    """OpenBLAS's own spin for 0.1 s or so unless told otherwise: the answer is the same."""
    spinning = {name: value for name, value in told().items() if name not in SOON_ASLEEP}
    assert probe(tmp_path, spinning)["threshold_mnk"] == probe(tmp_path, told())["threshold_mnk"]


@pytest.mark.parametrize(("shape", "grow"), [((1, 20, 100), "m"), ((32, 20, 1), "k")])
def test_only_the_sizes_that_are_asked_for_grow(tmp_path: Path, shape: tuple[int, ...], grow: str) -> None:
    found = probe(tmp_path, told(), shape=shape, grow=grow)
    kept = [position for position in range(3) if "mnk"[position] != grow]
    assert {tuple(sizes[position] for position in kept) for sizes in found["probed"]} == {
        tuple(shape[position] for position in kept)
    }
    assert len({sizes["mnk".index(grow)] for sizes in found["probed"]}) > 5
    assert found["serial_below"] < found["threaded_above"]


def test_with_one_thread_there_is_no_threshold(tmp_path: Path) -> None:
    variables = told(1)
    found = probe(tmp_path, variables)
    assert (found["threshold_mnk"], found["threaded_above"]) == (None, None)
    assert found["serial_below"] > 1e8
    assert {sizes[3] for sizes in found["probed"]} == {1}
    not_looked = probe(tmp_path, variables, threads=1)
    assert (not_looked["threshold_mnk"], not_looked["probed"]) == (None, [])


@pytest.mark.parametrize("name", LIBRARIES)
def test_a_library_is_probed_by_its_path(tmp_path: Path, name: str) -> None:
    library = LIBRARIES[name]
    if not library.exists():
        pytest.skip(f"{library} is not installed")
    found = probe(tmp_path, told(), library=str(library))
    assert found["blas"] == os.path.realpath(library)
    if name == "blas":
        assert found["threshold_mnk"] is None, "the reference BLAS has no threads"
    else:
        assert found["threaded_above"] < 1e8


def test_debians_openblas_has_the_threshold_of_its_source(tmp_path: Path) -> None:
    """interface/gemm.c of 0.3.21: one thread up to 65,536 * 4 multiply-adds, without small-matrix kernels."""
    library = LIBRARIES["openblas-pthread"]
    if not (library.parent / "libopenblasp-r0.3.21.so").exists():
        pytest.skip("OpenBLAS 0.3.21 of Debian 12 is not installed")
    found = probe(tmp_path, told(OPENBLAS_CORETYPE="Haswell"), library=str(library))
    assert (found["serial_below"], found["threaded_above"]) == (64 * 64 * 64, 64 * 64 * 65)


def test_the_stack_of_2016_can_be_probed(tmp_path: Path) -> None:
    """Python 2.7 with the NumPy of that year, whose OpenBLAS has the same threshold."""
    built = built_files("lib/python2.7/site-packages/numpy")
    if not built:
        pytest.skip("the environment theano-2016 was not built here")
    variables = told()
    del variables["OPENBLAS_THREAD_TIMEOUT"]  # with it this OpenBLAS, 0.2.18, lost a wake-up and hung 5 times of 40
    found = probe(tmp_path, variables, str(built[0].parents[3] / "bin" / "python"))
    assert 1 < found["threshold_mnk"] < found["threaded_above"] < 1e8


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"sise": 3}, "argument 'sise'"),
        ({"grow": "x"}, "letters of 'mnk'"),
        ({"shape": [0, 1, 1]}, "three sizes"),
        ({"library": "libc.so.6", "symbol": "dgemm"}, "expected sgemm_ or dgemm_"),
    ],
)
def test_what_makes_no_sense_is_refused(tmp_path: Path, arguments: dict[str, object], message: str) -> None:
    with Dialogue(sys.executable, tmp_path) as child:
        answer = child.ask("call", target="builtin:gemm_probe", arguments=arguments, path=[])
    assert answer["kind"] == "workload"
    assert message in answer["message"]


def test_other_work_in_the_interpreter_is_told_not_measured(tmp_path: Path) -> None:
    """A thread that never rests would look like a BLAS's."""
    (tmp_path / "busy.py").write_text(
        "import threading, time\n"
        "def burn(seconds):\n"
        "    end = time.time() + seconds\n"
        "    while time.time() < end: pass\n"
        "def start(): threading.Thread(target=burn, args=(8,), daemon=True).start()\n"
    )
    with Dialogue(sys.executable, tmp_path) as child:
        child.ask("call", target=f"{tmp_path / 'busy.py'}:start", arguments={}, path=[])
        answer = child.ask("call", target="builtin:gemm_probe", arguments={}, path=[])
    assert answer["kind"] == "workload"
    assert "do not come to rest" in answer["message"]
