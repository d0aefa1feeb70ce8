"""Reports for the page's tests: by seeded chance, with every kind of result that a page shows."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import matplotlib  # noqa: F401 - before pytester forgets what its sessions load: a process can load NumPy once

from pytest_multicore.measurement.machine import Machine
from pytest_multicore.reports.json_report import report
from pytest_multicore.reports.record import record
from pytest_multicore.rounds.round import Round, ThreadUse
from pytest_multicore.verdicts import figures
from pytest_multicore.verdicts.judge import judge_comparison, judgement
from pytest_multicore.verdicts.limits import Limits, outcome_of
from pytest_multicore.verdicts.result import Result
from tests.rounds import disturbed, look, made

MACHINE = Machine(8, tuple(range(8)), 4.0, 4, "AMD EPYC 7763 64-Core Processor", "Linux 6.12.0")
CAUSE = {
    "key": "gemm-too-small",
    "proven": True,
    "evidence": "100% of 2000 BLAS products are too small to be split: dgemm of 50 x 50 x 50 is 125,000 multiply-adds",
    "trial": "the product alone, with 2048 rows in place of 50: 2.00 [1.73, 2.01] cores busy in place of 1.00",
    "remedy": "more rows in a call (batches, stacked operands), or thread the loop around it",
    "also": ["threads=1 in place of 2: no difference"],
}
SUSPECT = {**CAUSE, "key": "interpreter-bound", "proven": False, "trial": "", "also": []}

#: What a name must not be able to do to the page: end a tag or an attribute, run, colour, reverse, break the encoding.
HOSTILE = (
    "test_<script>alert(1)</script>",
    "test_\"'><img src=x onerror=alert(1)>&amp;",
    "test_\x1b[31mred\x1b[0m\x00\x07",
    "test_\u202egnp.exe\u2066",
    "test_\udcff\ud800",
    "test_{{ 7 * 7 }}{% raw %}$x^2$",
    "test_مرحبا_שלום_日本語_🧵",
)


def pairs(
    count: int,
    speedup: float,
    *,
    attains: float = 1.9,
    threads: int = 2,
    time_s: float = 0.1,
    disturb: int = 0,
    seed: int = 1,
) -> list[tuple[Round, Round]]:
    """Rows of a comparison with some noise; every so many are disturbed."""
    chance, rows = random.Random(seed), []
    for number in range(count):
        noise, other = chance.lognormvariate(0, 0.03), chance.lognormvariate(0, 0.03)
        cores = min(threads, max(1.0, speedup)) * chance.uniform(0.96, 1.0)
        contender = made(
            time_s * noise, cores, threads=threads, began_s=0.2 * number, cores_online=threads, os_threads=threads
        )
        if disturb and number % disturb == 0:
            contender = replace(disturbed(time_s * noise * 1.4, cores, threads=threads), began_s=0.2 * number)
        control = look(threads, attains / threads * chance.uniform(0.97, 1.0))
        baseline = made(time_s * speedup * other, 0.99, threads=1, began_s=0.2 * number + 0.1, cores_online=threads)
        rows.append((replace(contender, began_s=0.2 * number, control=control), replace(baseline, control=look(1))))
    return rows


def compared(rows: Sequence[tuple[Round, ...]], limits: Limits, **changed: Any) -> dict[str, Any]:
    """The record of a comparison, or of one side."""
    judged = judgement(limits, rows, 0.99)
    values: dict[str, Any] = {
        "test": "tests/test_a.py::test_it",
        "workload": "test_it",
        "arguments": {},
        "environment": "current",
        "threads": rows[0][0].threads,
        "baseline": 1,
        "outcome": judged.outcome,
        "reason": "",
        "budget_s": 60.0,
        "duration_s": 7.3,
        "confidence": 0.99,
        "seed": 0,
        "verdicts": judged.verdicts,
        "measurement": judged.measured,
        "comparison": judged.compared,
        "python": "3.13.1",
        "blas": "OpenBLAS 0.3.31 pthreads, 2 threads",
        "facts": {"libraries": [LIBRARY], "variables": {"OMP_NUM_THREADS": "2"}, "frameworks": {"numpy": "2.4.0"}},
    }
    return record(Result(**{**values, **changed}))


def held_against(rows: Sequence[tuple[Round, ...]], limits: Limits, **changed: Any) -> dict[str, Any]:
    """The record of a program against a base: its two sides, then the base's."""
    return compared(rows, limits, **{"against": judgement(limits, rows, 0.99).against, "base": "git:main", **changed})


LIBRARY = {
    "path": "/usr/lib/python3/dist-packages/numpy.libs/libscipy_openblas64_-6bb31eeb.so",
    "kind": "openblas",
    "version": "0.3.31",
    "threads": 2,
    "layer": "pthreads",
}


def series(times_s: dict[int, float], limits: Limits, **changed: Any) -> dict[str, Any]:
    """The record of a scaling series."""
    chance = random.Random(3)
    rows = [
        tuple(
            replace(
                made(time_s * chance.lognormvariate(0, 0.01), threads=count, os_threads=count, cores=0.9 * count),
                began_s=0.3 * number,
                control=look(count, 1.0 - 0.01 * count),
            )
            for count, time_s in times_s.items()
        )
        for number in range(20)
    ]
    two = figures.comparison([(row[-1], row[0]) for row in rows], 0.99)
    verdicts = judge_comparison(limits, two)
    of_series = figures.scaling(list(times_s), rows, 0.99, 64)
    return compared(
        [(row[-1], row[0]) for row in rows],
        limits,
        **{"scaling": of_series, "verdicts": verdicts, "outcome": outcome_of(verdicts), **changed},
    )


def split(cores: float, **parts: float) -> dict[str, Any]:
    """The field ``cores_split``, with what is left as idle."""
    names = ("useful", "extra_cpu", "uneven", "idle", "waited", "not_given")
    known = {name: parts.get(name, 0.0) for name in names}
    known["idle"] += cores - sum(known.values())
    bounds = {name: {"estimate": one, "low": max(0.0, one - 0.1), "high": one + 0.1} for name, one in known.items()}
    return {"cores": cores, **bounds}


def evidence(threads: int, looks: int = 40) -> dict[str, Any]:
    """What was seen of a program in a run of its own, as far as a page shows it."""
    chance = random.Random(5)
    tasks = []
    for number in range(threads):
        busy = chance.random()
        timeline = [
            [0.01 * at, 1.0 if chance.random() < busy else chance.choice([0.0, 0.05, 0.5]), chance.choice("RSS")]
            for at in range(looks)
        ]
        tasks.append({"name": f"worker-{number}", "pid": 1, "tid": number, "cpu_s": 1.0, "timeline": timeline})
    return {"wall_s": 0.4, "tasks": tasks, "timeline": [], "blas_calls": [], "blas_not_recorded": None, "profile": None}


def named_threads(count: int, names: Sequence[str]) -> list[tuple[Round, ...]]:
    """Rows of one side whose threads have these names."""
    use = tuple(ThreadUse(name, 1, number, 0.09 / (number + 1)) for number, name in enumerate(names))
    return [(replace(made(0.1, 1.9, began_s=0.2 * number), thread_use=use),) for number in range(count)]


def every_kind() -> dict[str, Any]:
    """A report with a result of each kind."""
    missed = compared(
        pairs(40, 1.02, disturb=7), Limits(min_speedup=1.5), causes=(CAUSE, SUSPECT), evidence=evidence(20)
    )
    undecided = compared(pairs(30, 1.5, seed=2), Limits(min_speedup=1.5), reason="min_speedup=1.5 lies within 1.5x")
    unreachable = compared(pairs(1, 1.0), Limits(min_cores=1.0))
    records = [
        compared(pairs(11, 1.87), Limits(min_speedup=1.3)) | {"cores_split": split(2, useful=1.85, extra_cpu=0.05)},
        missed | {"cores_split": split(2, useful=0.9, extra_cpu=0.5, uneven=0.2, waited=0.1, not_given=0.05)},
        undecided,
        compared(
            pairs(25, 1.03, seed=4), Limits(min_cores=0.5, max_speedup=1.5), warnings=("the second core is wasted",)
        ),
        compared(
            pairs(20, 3.1, attains=3.5, threads=4, time_s=2e-6),
            Limits(min_efficiency=0.8, min_speedup=2.4, max_speedup=2.45),
        ),
        compared(named_threads(30, [f"openblas-{one}" for one in range(24)]), Limits(max_threads=12), baseline=None),
        series({1: 0.2, 2: 0.115, 4: 0.072, 8: 0.061}, Limits(min_speedup=3.0), workload="series"),
        series({1: 0.1, 2: 0.056, 4: 0.04, 8: 0.05, 16: 0.09}, Limits(), workload="too many threads"),
        compared(pairs(600, 1.7, disturb=50), Limits()),
        held_against(
            [(*own, *base) for own, base in zip(pairs(30, 1.05, seed=6), pairs(30, 1.8, seed=7), strict=True)],
            Limits(min_speedup=1.3, max_loss=0.1, max_slowdown=0.2),
            differences=("numpy: 2.4.6, base 1.26.4", "BLAS: OpenBLAS 0.3.31 pthreads, base OpenBLAS 0.3.23 pthreads"),
        ),
        unreachable
        | {"rounds": [], "outcome": "inconclusive", "reason": "min_cores=8 cannot be reached on this machine"}
        | dict.fromkeys(("cores", "demand", "wall_s", "speedup", "measured_speedup", "attained_speedup", "efficiency"))
        | dict.fromkeys(("cpu_inflation", "baseline_wall_s", "baseline_cores", "useful_cores")),
    ]
    return report(numbered(records), MACHINE)


def hostile() -> dict[str, Any]:
    """A report whose every text is out to harm."""
    records = []
    for name in HOSTILE:
        cause = {key: name if isinstance(value, str) else value for key, value in CAUSE.items()} | {"also": [name]}
        found = compared(
            named_threads(12, [name] * 3),
            Limits(max_threads=2),
            test=f"tests/test_a.py::{name}",
            workload=name,
            environment=name,
            reason=name,
            blas=name,
            python=name,
            causes=(cause,),
            notes=(name,),
            warnings=(name,),
            facts={"libraries": [LIBRARY | {"path": name, "kind": name}], "variables": {name: name}},
        )
        rows = [(*own, *base) for own, base in zip(pairs(12, 1.0), pairs(12, 1.8), strict=True)]
        records += [found, held_against(rows, Limits(max_loss=0.1), base=name, differences=(name, name))]
    return report(records, replace(MACHINE, cpu=HOSTILE[0], os=HOSTILE[3]))


def numbered(records: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records as tests of their own, one with a very long name."""
    names = [f"tests/test_threads.py::test_number_{number}" for number in range(len(records))]
    names[0] += "[" + "-".join(f"parameter{number}" for number in range(20)) + "]"
    return [one | {"nodeid": name} for one, name in zip(records, names, strict=True)]


def read_back(whole: dict[str, Any]) -> dict[str, Any]:
    """The report as a file has it."""
    found: dict[str, Any] = json.loads(json.dumps(whole, allow_nan=False))
    return found
