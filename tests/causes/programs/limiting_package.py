"""Stands for a package that gives OpenMP and the BLAS one thread when it is imported, as in ultralytics#14488."""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "GOTO_NUM_THREADS"):
    os.environ[name] = "1"
