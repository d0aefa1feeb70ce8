"""Limits that the program itself sets, in an import or a step before its rounds; the twin leaves the pool alone."""

from __future__ import annotations

from .case import Case, Twin

INHERIT = {"min_cores": 1.5, "threads": "inherit"}
#: Threads that are woken again and again wait for a core each time: how fast they might be is not known, how busy is.
BUSY = {"min_cores": 1.8, "threads": 2}
UNLIMITED = Twin("set_by_the_program:product")

BY_THE_PROGRAM = (
    Case(
        "thread-limit",
        suffers=Twin("set_by_the_program:by_an_import"),
        healthy=Twin("set_by_the_program:by_an_import_after_numpy"),
        note="by an import",
    ),
    Case(
        "thread-limit",
        suffers=Twin("set_by_the_program:by_an_import"),
        healthy=UNLIMITED,
        limits=INHERIT,
        note="by an import, variables inherited",
    ),
    Case(
        "thread-limit",
        suffers=Twin("set_by_the_program:by_an_import", exported={"OPENBLAS_NUM_THREADS": "1"}),
        healthy=UNLIMITED,
        limits=INHERIT,
        note="exported, and set again by an import",
    ),
    Case("thread-limit", suffers=Twin("set_by_the_program:by_the_set_up"), healthy=UNLIMITED, note="by the set-up"),
    Case(
        "limited-at-runtime",
        suffers=Twin("set_by_the_program:pool_left_low"),
        healthy=UNLIMITED,
        needs=("threadpoolctl",),
        note="left low by the set-up",
    ),
    Case(
        "limited-at-runtime",
        suffers=Twin("set_by_the_program:lowered_by_its_first_call"),
        healthy=UNLIMITED,
        needs=("threadpoolctl",),
        note="lowered by the first call",
    ),
    Case(
        "limited-at-runtime",
        suffers=Twin("set_by_the_program:blur", {"size": 0}),
        healthy=Twin("set_by_the_program:blur", {"size": None}),
        needs=("cv2",),
        note="OpenCV told to use no threads",
    ),
    Case(
        "busy-waiting",
        suffers=Twin("openmp_set_by_imports:spinning", {"steps": 5_000}),
        healthy=Twin("openmp_set_by_imports:spinning", {"steps": 5_000_000}),
        needs=("cc",),
        note="told to spin by an import",
    ),
    Case(
        "passive-wait",
        suffers=Twin("openmp_set_by_imports:sleeping"),
        healthy=Twin("openmp_set_by_imports:short_regions"),
        limits=BUSY,
        needs=("cc",),
        note="told to sleep by an import",
    ),
    Case(
        "passive-wait",
        suffers=Twin("openmp_set_by_imports:short_regions", exported={"GOMP_SPINCOUNT": "0"}),
        healthy=Twin("openmp_set_by_imports:short_regions"),
        limits=BUSY,
        needs=("cc",),
        note="told to sleep by the environment",
    ),
    Case(
        "thread-limit",
        suffers=Twin("openmp_set_by_imports:dynamic"),
        healthy=Twin("openmp_set_by_imports:long_regions"),
        needs=("cc", "load"),
        note="OMP_DYNAMIC by an import",
    ),
)
