"""What users of libraries have reported, each with the library itself; their numbers are in the notes.

Other reports are cases of their cause: numcodecs#239 and tokenizers#130 in library_cases.py, ultralytics#14488 as an
import that sets variables in program_limit_cases.py, scikit-learn#34736 as pools in pools, scikit-learn#30662 as tiny
regions. Where no cause is to be found, as in joblib#1764 and jax#26145, test_plain_evidence.py holds what is said.
"""

from __future__ import annotations

from .case import Case, twins

AS_REPORTED = (
    Case(
        "interpreter-bound",
        **twins("word_vectors"),
        limits={"min_speedup": 1.2, "threads": 2},
        proven=False,
        needs=("gensim",),
        note="gensim#1509: one thread feeds the workers",
    ),
    Case(
        "nested-limit",
        **twins("dask_worker"),
        limits={"min_cores": 1.5, "threads": "inherit"},
        needs=("distributed",),
        note="distributed#8985: what the nanny of Dask presets",
    ),
    Case(
        "ignores-setting",
        **twins("pinned_pool"),
        limits={"max_threads": 1, "threads": 1, "vary": "cores"},
        proven=False,
        needs=("onnxruntime", "onnx"),
        note="onnxruntime#10113: a pool pinned beyond the affinity",
    ),
)
