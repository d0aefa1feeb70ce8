"""Each cause of the catalogue as a program that suffers from it, with a twin that does not.

The programs lie in programs/, one file a cause. What a case says of both holds for both; `Twin` holds what differs.
"""

from __future__ import annotations

from typing import Any

from .case import Case, Twin, twins
from .library_cases import OF_LIBRARIES
from .program_limit_cases import BY_THE_PROGRAM
from .reported_cases import AS_REPORTED

OPENMP_THEANO = "openmp=True,openmp_elemwise_minsize=1000"

INHERIT = {"min_cores": 1.5, "threads": "inherit"}
CORES = {"min_cores": 1.5, "threads": 2}
BY_CORES = {"min_speedup": 1.6, "threads": 2, "vary": "cores"}
THEANO = {"min_speedup": 1.3, "threads": 2, "environment": "theano"}


#: Without a compiler a million elements take half a minute.
FEW = {"elements": 20_000}


def exporting(workload: str, **exported: str) -> dict[str, Any]:
    """The same function, with and without variables of the world."""
    return {"suffers": Twin(workload, exported=exported), "healthy": Twin(workload)}


OF_THE_WORK = (
    Case("gemm-too-small", **twins("gemm_too_small"), typical=True),
    Case(
        "gemm-too-small",
        suffers=Twin("fit", {"batch_size": 32, "samples": 20_000}),
        healthy=None,
        limits=CORES,
        note="fit of keras#2544, which no batch makes healthy: a larger one only wastes the second core",
        typical=True,
    ),
    Case("non-blas-dtype", **twins("non_blas_dtype")),
    Case(
        "non-blas-dtype",
        suffers=Twin("non_blas_dtype:product", {"dtype": "float16", "size": 250}),
        healthy=Twin("non_blas_dtype:product", {"dtype": "float32", "size": 1500}),
        note="float16",
    ),
    Case("strided-operand", **twins("strided_operand"), note="NumPy 2: copied, then multiplied"),
    Case(
        "strided-operand",
        **twins("strided_operand", suffers=Twin("strided_operand:suffers", {"rows": 1000, "columns": 1000})),
        limits=THEANO,
        needs=("theano",),
        note="NumPy 1.21: its own loop",
        typical=True,
    ),
    Case("batched-one-by-one", **twins("batched_one_by_one")),
    Case(
        "batched-one-by-one",
        suffers=Twin("batched_one_by_one:einsum", {"optimize": False}),
        healthy=Twin("batched_one_by_one:einsum", {"optimize": True}),
        note="einsum",
    ),
    Case("elementwise-serial", **twins("elementwise_serial"), typical=True),
    Case(
        "elementwise-serial",
        suffers=Twin("theano_elementwise:exponentials"),
        healthy=Twin("theano_elementwise:exponentials", exported={"THEANO_FLAGS": OPENMP_THEANO}),
        limits=THEANO,
        needs=("theano",),
        note="Theano",
    ),
    Case(
        "elementwise-serial",
        suffers=Twin("elementwise_serial:of_an_item"),
        healthy=None,
        note="of an item of a dict; the twin is the case's above",
    ),
    Case(
        "elementwise-serial",
        suffers=Twin("elementwise_serial:of_a_call"),
        healthy=None,
        proven=False,
        note="of what a call returns, which no trial can make again",
    ),
    Case(
        "memory-bound",
        **twins("memory_bound"),
        limits={"min_speedup": 1.4, "threads": 2},
        escapes="two cores do not use up what this machine's memory gives",
    ),
    Case("serial-fraction", **twins("serial_fraction"), limits={"min_speedup": 1.6, "threads": 2}),
)

OF_SETTINGS = (
    Case(
        "reference-blas",
        suffers=Twin("linked_blas:product", options=("--multicore-blas=reference",)),
        healthy=Twin("linked_blas:product", options=("--multicore-blas=openblas-pthread",)),
        needs=("debian:blas", "debian:openblas-pthread"),
        typical=True,
    ),
    Case(
        "reference-blas",
        suffers=Twin("dot", {"size": 500}, options=("--multicore-blas=reference",)),
        healthy=Twin("dot", {"size": 1000}, options=("--multicore-blas=openblas-pthread",)),
        limits=THEANO,
        needs=("theano", "debian:blas", "debian:openblas-pthread"),
        note="Theano",
    ),
    Case(
        "no-compiler",
        suffers=Twin("theano_elementwise:exponentials", FEW, {"THEANO_FLAGS": f"cxx=,{OPENMP_THEANO}"}),
        healthy=Twin("theano_elementwise:exponentials", FEW, {"THEANO_FLAGS": OPENMP_THEANO}),
        limits=THEANO,
        needs=("theano",),
    ),
    Case(
        "sequential-layer",
        suffers=Twin("dot", {"size": 1000}, {"MKL_THREADING_LAYER": "SEQUENTIAL"}, ("--multicore-blas=mkl",)),
        healthy=Twin("dot", {"size": 1000}, {"MKL_THREADING_LAYER": "GNU"}, ("--multicore-blas=mkl",)),
        limits=THEANO,
        needs=("theano",),
    ),
    Case(
        "set-too-late",
        suffers=Twin("set_too_late:suffers", exported={"OPENBLAS_NUM_THREADS": "1"}),
        healthy=Twin("set_too_late:healthy", exported={"OPENBLAS_NUM_THREADS": "1"}),
        limits=INHERIT,
        typical=True,
    ),
    Case(
        "overridden-variable",
        suffers=Twin("numpy_product:product", exported={"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "2"}),
        healthy=Twin("numpy_product:product", exported={"OMP_NUM_THREADS": "2"}),
        limits=INHERIT,
    ),
    Case("thread-limit", **exporting("openmp_waves:region", OMP_THREAD_LIMIT="1"), needs=("cc",)),
    Case(
        "thread-limit",
        **exporting("openmp_waves:region", OMP_DYNAMIC="TRUE"),
        needs=("cc", "load"),
        note="OMP_DYNAMIC",
    ),
    Case(
        "thread-limit",
        suffers=Twin("numpy_product:product", exported={"OPENBLAS_NUM_THREADS": "1"}),
        healthy=Twin("numpy_product:product"),
        limits=INHERIT,
        note="the count itself, exported",
    ),
    Case("limited-at-runtime", **twins("limited_at_runtime"), needs=("threadpoolctl",)),
    Case("affinity-narrowed", **twins("affinity_narrowed"), note="by an import", typical=True),
    Case(
        "affinity-narrowed",
        **exporting("affinity_narrowed:after_openmp", OMP_PROC_BIND="TRUE"),
        note="OMP_PROC_BIND",
    ),
    Case(
        "affinity-narrowed",
        **exporting("affinity_narrowed:after_openmp", GOMP_CPU_AFFINITY="0"),
        note="GOMP_CPU_AFFINITY",
    ),
    Case("nested-limit", **twins("nested_limit"), limits=INHERIT, needs=("joblib",), note="joblib", typical=True),
    Case(
        "nested-limit",
        suffers=Twin("nested_limit:openmp_inside"),
        healthy=Twin("nested_limit:openmp_outside"),
        needs=("cc",),
        note="OpenMP in OpenMP",
    ),
    Case(
        "ignores-setting",
        suffers=Twin("ignores_setting:suffers", exported={"OMP_NUM_THREADS": "1"}),
        healthy=Twin("ignores_setting:healthy", exported={"OMP_NUM_THREADS": "1"}),
        limits={"max_threads": 1, "threads": "inherit"},
        needs=("blosc",),
        typical=True,
    ),
)

OF_THE_PROGRAM = (
    Case("interpreter-bound", **twins("interpreter_bound"), typical=True),
    Case(
        "interpreter-bound",
        suffers=Twin("interpreter_bound:plain_loop"),
        healthy=Twin("interpreter_bound:healthy"),
        proven=False,
        note="without threads",
    ),
    Case("waiting", **twins("waiting"), limits=CORES, note="sleep"),
    Case(
        "waiting",
        suffers=Twin("waiting:one_lock"),
        healthy=Twin("waiting:own_locks"),
        proven=False,
        note="a lock",
    ),
    Case(
        "waiting",
        suffers=Twin("waiting:asleep_under_one_lock"),
        healthy=Twin("waiting:asleep_under_own_locks"),
        proven=False,
        note="asleep with a lock",
    ),
    Case("oversubscribed", **twins("oversubscribed"), needs=("cc",)),
    Case(
        "oversubscribed",
        **twins("pools_in_pools"),
        limits={"min_speedup": 1.8, "threads": 2},
        needs=("threadpoolctl",),
        note="callers and a BLAS, two by two on two cores",
    ),
    Case("busy-waiting", **twins("busy_waiting"), needs=("cc",), note="OpenBLAS"),
    Case(
        "busy-waiting",
        suffers=Twin("busy_waiting:openmp_suffers", exported={"OMP_WAIT_POLICY": "ACTIVE"}),
        healthy=Twin("busy_waiting:openmp_healthy", exported={"OMP_WAIT_POLICY": "ACTIVE"}),
        needs=("cc",),
        note="OpenMP",
        typical=True,
    ),
    Case(
        "busy-waiting",
        suffers=Twin("busy_waiting:tiny_regions"),
        healthy=Twin("busy_waiting:openmp_healthy"),
        needs=("cc",),
        note="tiny regions",
    ),
    Case("after-fork", **twins("after_fork"), needs=("cc",)),
    Case("hand-over", **twins("hand_over"), limits=BY_CORES, note="a task for each number"),
    Case(
        "hand-over",
        suffers=Twin("hand_over:large_arrays"),
        healthy=Twin("hand_over:healthy"),
        limits=BY_CORES,
        # The measured speed-up proves a serial part, too: which of them comes first a whole session shows.
        note="50 MB for each task",
        typical=True,
    ),
)

OF_THE_MACHINE = (
    Case("cpu-quota", **twins("cpu_quota"), proven=False, needs=("cgroup",), typical=True),
    Case(
        "too-few-cores",
        suffers=Twin("numpy_product:product"),
        healthy=Twin("numpy_product:product", limits={"min_cores": 1.5}),
        limits={"min_cores": 1000, "threads": 2},
        proven=False,
        outcome="inconclusive",
        typical=True,
    ),
)

CASES = (
    *(*OF_THE_WORK, *OF_LIBRARIES, *OF_SETTINGS, *BY_THE_PROGRAM, *OF_THE_PROGRAM, *OF_THE_MACHINE),
    *AS_REPORTED,
)
