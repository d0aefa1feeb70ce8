"""How large a product the BLAS in use leaves to one thread: a probe asks it, in an interpreter of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.errors import InterpreterTimeout, MulticoreError
from pytest_multicore.interpreters.blas_in_use import blas_files
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment

from .request import MeasurementRequest

#: Attempts to probe: seconds for each, and variables, for idle threads that spin would look like work. No threshold
#: depends on them. OpenBLAS 0.2.18 of 2016 sometimes loses a wake-up where its threads fall asleep soon, and hangs:
#: hence the second attempt. In that one idle threads may spin for 0.1 s after each product.
ATTEMPTS: Sequence[tuple[float, Mapping[str, str]]] = (
    (15.0, {"OPENBLAS_THREAD_TIMEOUT": "4", "KMP_BLOCKTIME": "0"}),
    (60.0, {"KMP_BLOCKTIME": "0"}),
)


def blas_threshold(request: MeasurementRequest, prepared: PreparedEnvironment, evidence: Evidence) -> int | None:
    """Multiply-adds up to which the BLAS in use stays on one thread; None where the probe fails."""
    files = blas_files(evidence.target, evidence.facts)
    numpys_own = not files or any("numpy" in Path(file["path"]).parts or "numpy.libs" in file["path"] for file in files)
    arguments = {"threads": request.contender, "library": None if numpys_own else files[0]["path"]}
    probe = {"target": "builtin:gemm_probe", "arguments": arguments, "path": []}
    cpus = request.side_settings(request.contender).cpus
    for timeout_s, extra in ATTEMPTS:
        variables = prepared.variables(request.contender, request.theano_flags, {**request.env, **extra}, cpus)
        try:
            with prepared.open(variables, priority=request.settings.priority, cpus=cpus) as interpreter:
                threshold = interpreter.ask("call", "result", timeout_s, **probe)["value"]["threshold_mnk"]
                return None if threshold is None else int(threshold)
        except InterpreterTimeout:
            continue
        except MulticoreError:
            break
    return None
