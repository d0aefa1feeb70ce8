"""Settings of OpenMP that an import made: how its threads wait, and how many there are."""

from dataclasses import replace
from typing import Any

from pytest_multicore.diagnosis.causes.catalogue import ranked_suspicions
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.measurement.thread_sampler import ThreadSample
from tests.diagnosis.literals import COUNT, evidence, line, observed, task
from tests.diagnosis.literals import seen as threads_seen
from tests.rounds import look, made

from .test_changes_as_causes import call, change, of_key, seen

OPENMP_LOADED = {**change("pool openmp", None, 2, None), "path": "/lib/libgomp.so.1"}
#: A pool's thread that was woken once for every 50 us of its work.
WOKEN = replace(task(102, library="/lib/libgomp.so.1", cpu_s=0.9), voluntary=18_000)
MAIN_ID = {"python_threads": 1, "python_ids": [100]}


def of_openmp(*entries: dict[str, Any], woken: ThreadSample = WOKEN, **start: str) -> Evidence:
    """Cores that are useful to half, and a thread of OpenMP's that is woken all the time."""
    taken = [(made(0.1, 1.8, control=look(2)), made(0.1, 1.0, threads=1, control=look(1)))] * COUNT
    facts = {"start_changes": list(entries), **observed(line(), setters=[], **MAIN_ID)}
    return evidence(taken, facts=facts, thread_samples=threads_seen(task(), woken), variables_at_start=start)


def set_to(name: str, value: str) -> dict[str, Any]:
    return change(f"variable {name}", None, value)


def test_an_import_that_has_threads_sleep_is_named_and_kept_from_it() -> None:
    first = ranked_suspicions(of_openmp(set_to("OMP_WAIT_POLICY", "PASSIVE"), OPENMP_LOADED))[0]

    assert (first.key, first.strength) == ("passive-wait", 0.9)
    assert first.evidence == (
        "importing `ultra` set OMP_WAIT_POLICY=PASSIVE: OpenMP's threads sleep as soon as they wait; "
        "the pool's threads (OpenMP) fell asleep after 50 us of work each time"
    )
    (trial,) = first.trials
    assert trial.change.agent_changes == ("keep-variable OMP_WAIT_POLICY",)


def test_the_environment_that_has_threads_sleep_is_undone_too() -> None:
    only = of_key("passive-wait", of_openmp(KMP_BLOCKTIME="0"))
    assert only is not None
    assert only.trials[0].change.variables == {"KMP_BLOCKTIME": None}
    both = of_key("passive-wait", of_openmp(set_to("GOMP_SPINCOUNT", "0"), OPENMP_LOADED, KMP_BLOCKTIME="0"))
    assert both is not None
    assert both.trials[0].knob == "importing `ultra` kept from setting GOMP_SPINCOUNT; KMP_BLOCKTIME unset"


def test_threads_that_do_not_sleep_or_are_not_openmps_suffer_no_passive_wait() -> None:
    passive = (set_to("OMP_WAIT_POLICY", "PASSIVE"), OPENMP_LOADED)
    of_openblas = replace(WOKEN, library="/lib/libopenblas.so")
    at_work = replace(WOKEN, voluntary=20)

    assert of_key("passive-wait", of_openmp(OPENMP_LOADED)) is None
    assert of_key("passive-wait", of_openmp(*passive, woken=of_openblas)) is None
    assert of_key("passive-wait", of_openmp(*passive, woken=at_work)) is None


def test_an_import_that_has_threads_spin_is_kept_from_it_first() -> None:
    first = ranked_suspicions(of_openmp(set_to("OMP_WAIT_POLICY", "ACTIVE"), OPENMP_LOADED))[0]

    assert (first.key, first.strength) == ("busy-waiting", 0.9)
    assert first.evidence.endswith("importing `ultra` set OMP_WAIT_POLICY=ACTIVE")
    assert first.trials[0].change.agent_changes == ("keep-variable OMP_WAIT_POLICY",)
    of_openblas = replace(WOKEN, library="/lib/libopenblas.so")
    others = of_key("busy-waiting", of_openmp(set_to("OMP_WAIT_POLICY", "ACTIVE"), woken=of_openblas))
    assert others is not None
    assert "ultra" not in others.evidence


def test_an_import_that_has_openmp_take_fewer_threads_is_named() -> None:
    setting = call("variable OMP_DYNAMIC", "TRUE")
    first = ranked_suspicions(seen(set_to("OMP_DYNAMIC", "TRUE"), OPENMP_LOADED, calls=(setting,)))[0]

    assert first.key == "thread-limit"
    assert first.evidence.startswith("importing `ultra` set OMP_DYNAMIC=TRUE at ultra.py:3 in <module>: libgomp takes")
    assert first.trials[0].change.agent_changes == ("keep-variable OMP_DYNAMIC",)
