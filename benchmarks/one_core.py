"""What a pool costs on one core that is sized for more: the error of a baseline by vary="cores".

A pool that is sized by os.cpu_count(), or by a number in the code, has more threads or processes than the baseline has
cores. This pins itself to one core and runs the same work with 1, 2 and 8 of them. What it takes more than with 1 makes
the speed-up look so much larger.

    python benchmarks/one_core.py

DuckDB, ONNX Runtime and OpenCV are tried where they are installed.
"""

from __future__ import annotations

import hashlib
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial
from importlib import import_module

WORKERS, CALLS = (1, 2, 8), 15
BLOCKS = [bytes([n]) * 2_000_000 for n in range(16)]
Call = Callable[[], object]


def main() -> None:
    """Print CPU and wall seconds of a call with each number of workers, as a ratio to one worker's."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"{'pool':<20} {'workers':>7} {'CPU':>6} {'wall, best':>10}")
    for name, with_workers in programs():
        one: tuple[float, float] | None = None
        for workers in WORKERS:
            cpu_s, wall_s = measured(with_workers(workers))
            one = one or (cpu_s, wall_s)
            print(f"{name:<20} {workers:>7} {cpu_s / one[0]:>5.2f}x {wall_s / one[1]:>9.2f}x", flush=True)


def measured(call: Call) -> tuple[float, float]:
    """CPU seconds of a call, children's too, the median; and its least wall seconds, which neighbours stretch."""
    call()
    cpu_s, wall_s = [], []
    for _ in range(CALLS):
        began_s, used_s = time.perf_counter(), cpu_time_s()
        call()
        wall_s.append(time.perf_counter() - began_s)
        cpu_s.append(cpu_time_s() - used_s)
    return statistics.median(cpu_s), min(wall_s)


def cpu_time_s() -> float:
    """CPU seconds of this process and of its children that have ended."""
    uses = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def programs() -> Iterator[tuple[str, Callable[[int], Call]]]:
    """Each pool's name, and what makes its work at a number of workers."""
    yield "threads, hashing", partial(pooled, ThreadPoolExecutor, digest, BLOCKS)
    yield "processes, Python", partial(pooled, ProcessPoolExecutor, count, [200_000] * 8)
    for name, program in (("DuckDB", duckdb_program), ("ONNX Runtime", onnx_program), ("OpenCV", opencv_program)):
        try:
            program(1)
        except ImportError:
            continue
        yield name, program


def pooled(pool: Callable[[int], Executor], work: Callable[..., object], parts: Sequence[object], workers: int) -> Call:
    """The work on all parts, by a new pool in each call."""

    def call() -> None:
        with pool(workers) as executor:
            list(executor.map(work, parts))

    return call


def digest(block: bytes) -> str:
    """Work that lets go of the interpreter's lock."""
    return hashlib.sha256(block).hexdigest()


def count(steps: int) -> int:
    """Work that does not."""
    return sum(i * i for i in range(steps))


def duckdb_program(workers: int) -> Call:
    """An aggregation over two million rows."""
    connection = import_module("duckdb").connect(config={"threads": workers})
    connection.execute("create table t as select range as i, random() as x from range(2000000)")
    query = "select i % 97 as g, sum(sqrt(x) * ln(1 + x)) from t group by g"
    return lambda: connection.execute(query).fetchall()


def onnx_program(workers: int) -> Call:
    """A product of 700 x 700 matrices."""
    numpy, onnx, onnxruntime = map(import_module, ("numpy", "onnx", "onnxruntime"))
    size, kind, helper = 700, onnx.TensorProto.FLOAT, onnx.helper
    a, b, c = (helper.make_tensor_value_info(name, kind, [size, size]) for name in "abc")
    graph = helper.make_graph([helper.make_node("MatMul", ["a", "b"], ["c"])], "product", [a, b], [c])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = workers
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    feeds = {name: numpy.ones((size, size), numpy.float32) for name in "ab"}
    run: Call = partial(session.run, None, feeds)
    return run


def opencv_program(workers: int) -> Call:
    """A blur of a picture."""
    cv2, numpy = map(import_module, ("cv2", "numpy"))
    picture = numpy.ones((1500, 1500, 3), numpy.uint8)

    def call() -> None:
        cv2.setNumThreads(workers)
        cv2.GaussianBlur(picture, (0, 0), 5)

    return call


if __name__ == "__main__":
    main()
