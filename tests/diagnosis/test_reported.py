"""What users reported, as it was observed of their programs on two cores: the first suspicion, and what it says.

The programs themselves are cases of tests/causes/reported_cases.py.
"""

from dataclasses import replace

import pytest

from pytest_multicore.diagnosis.causes.catalogue import ranked_suspicions
from pytest_multicore.diagnosis.evidence import Evidence
from pytest_multicore.interpreters.native_stacks import NOBODY_AT_WORK, NativeStacks
from pytest_multicore.verdicts.limits import Limits
from tests.diagnosis.literals import COUNT, ROOT, evidence, idle, line, observed, seen, task
from tests.diagnosis.suffering import keys, stacks
from tests.rounds import look, made

CORE_0 = {"affinity": [0], "affinity_at_start": [0]}


def on_one_core(*affinities: str) -> Evidence:
    """A process that was given CPU 0, with a thread on each of these."""
    threads = [task(ROOT + number, affinity=affinity) for number, affinity in enumerate(affinities)]
    rounds = [(made(0.1, 2.0, threads=1), made(0.1, 2.0, threads=1))] * COUNT
    taken = evidence(
        rounds,
        limits=Limits(max_threads=1),
        threads=1,
        facts=CORE_0,
        thread_samples=seen(*threads),
        mapped_files=("onnxruntime_pybind11_state.cpython-311-x86_64-linux-gnu.so",),
    )
    return replace(taken, result=replace(taken.result, vary="cores", baseline=None))


def test_a_pool_that_is_pinned_beyond_the_affinity_is_told_with_its_cpu() -> None:
    """onnxruntime#10113: ONNX Runtime 1.32 pins the workers of its default pool to cores by their number."""
    first = ranked_suspicions(on_one_core("0", "1"))[0]
    assert first.key == "ignores-setting"
    assert first.evidence == (
        "2 threads got CPU time on 1 core: no affinity sizes its pool; 1 of them may run on CPU 1, beyond the affinity "
        "of the process (CPU 0)"
    )
    assert first.remedy == "ONNX Runtime: SessionOptions().intra_op_num_threads = N"


def test_threads_within_the_affinity_are_said_to_be_nowhere_else() -> None:
    assert "beyond" not in ranked_suspicions(on_one_core("0", "0"))[0].evidence


def test_workers_of_dask_are_told_to_have_one_thread_by_their_nanny() -> None:
    """distributed#8985: a product in a worker, whose nanny presets one thread where nothing is set."""
    preset = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    facts = {**observed(line("client.submit(corner, matrix).result()")), "frameworks": {"distributed": "2026.8.0"}}
    threads = seen(task(cpu_s=0.05), task(200, 200), variables={150: {}, 200: preset})
    first = ranked_suspicions(idle(facts=facts, thread_samples=threads, threads=None))[0]
    assert first.key == "nested-limit"
    assert "were given OMP_NUM_THREADS=1 by the nanny of Dask that started them" in first.evidence
    assert "distributed.nanny.pre-spawn-environ" in first.remedy
    assert first.trials[0].change.variables["OPENBLAS_NUM_THREADS"] == "2"


def test_threads_that_ended_are_not_said_to_have_waited_where_others_had_the_cores() -> None:
    """gensim#1509 beside a neighbour: its workers end with each call, and took along how long they stood ready."""

    def trained(foreign: float) -> Evidence:
        one = made(0.5, 0.7, ended_share=0.9, foreign=foreign, cores_online=2, threads_unseen=3, control=look(2))
        facts = observed(line("tally += train_batch_cbow(self, sentences, alpha)"))
        taken = [(one, replace(one, threads=1, control=look(1)))] * COUNT
        return evidence(taken, facts=facts, thread_samples=seen(task(S=0.6, R=0.4)), limits=Limits(min_speedup=1.8))

    assert "waiting" not in keys(trained(foreign=0.3))
    assert "waiting" in keys(trained(foreign=0.0)), "nobody else had them"


def test_a_thread_that_feeds_a_pool_is_told_with_its_line() -> None:
    """gensim#1509: one thread splits texts, and the workers that train on them wait for it."""
    splitting = line(
        "yield match.group()",
        file="/site-packages/gensim/utils.py",
        share=0.8,
        called_from=line("yield simple_preprocess(text)", file="/word_vectors.py"),
    )
    facts = observed(splitting, python_threads=2, late_s=0.5)
    shares = {"Thread-# (_job_producer)": 0.82, "Thread-# (_worker_loop)": 0.12}
    threads = seen(task(101, cpu_s=0.9), task(102, cpu_s=0.12))
    native = replace(stacks(0.15, held=0.9), threads=shares)
    first = ranked_suspicions(idle(1.13, facts=facts, thread_samples=threads, native=native))[0]
    assert first.key == "interpreter-bound"
    assert "(85% of the samples in Python, most in word_vectors.py:7 (yield simple_preprocess(text))" in first.evidence
    assert "82% of the looks found Thread-# (_job_producer) at work" in first.evidence


def test_python_threads_whose_rest_is_waits_are_told_with_the_line_that_calls() -> None:
    """Three threads in turns; what is left of their time in Python is the standard library's queues."""
    queue = line("waiter.acquire()", file="/usr/lib/python3.11/threading.py", share=0.1)
    training = line(
        "tally += train_batch_cbow(self, sentences, alpha)",
        file="/site-packages/gensim/models/word2vec.py",
        share=0.5,
        called="gensim.models.word2vec_inner.train_batch_cbow",
    )
    facts = observed(training, queue, python_threads=3, late_s=0.5)
    threads = seen(task(cpu_s=0.4), task(101, cpu_s=0.4), task(102, cpu_s=0.3))
    found = idle(1.1, facts=facts, thread_samples=threads, native=stacks(0.49, held=0.9))
    first = ranked_suspicions(found)[0]
    assert first.key == "interpreter-bound"
    assert "3 Python threads keep 1.10 cores busy: they hold the interpreter's lock in turns" in first.evidence
    assert "most in word2vec.py:7 (tally += train_batch_cbow(self, sentences, alpha))" in first.evidence


@pytest.mark.parametrize(("wakes", "told"), [(700, True), (99, False), (300, False)])
def test_a_pool_whose_threads_are_woken_for_next_to_nothing_is_told_so(wakes: int, told: bool) -> None:
    """jax#26145: a gradient of many small kernels, which two threads of XLA hand to each other."""
    xla = replace(task(101, cpu_s=0.0625), name="tf_XLAEigen", voluntary=wakes)
    facts = observed(line("wait(gradient(start))"), python_ids=[ROOT])
    rounds = [(made(0.1, 1.2, control=look(2)), made(0.1, 0.65, threads=1, control=look(1)))] * COUNT
    first = ranked_suspicions(evidence(rounds, facts=facts, thread_samples=seen(task(cpu_s=0.02), xla)))[0]
    assert first.key == "busy-waiting"
    assert ("the pool's threads (tf_XLAEigen) fell asleep after 89.3 us of work each time" in first.evidence) is told
    assert "tf_XLAEigen" in first.evidence, "whose threads they are is told in any case"
    assert first.remedy == "1 thread for this work: 1.00x as fast for 0.54x the CPU time, as measured"


@pytest.mark.parametrize(("missing", "told"), [(NOBODY_AT_WORK, False), ("py-spy is not installed", True)])
def test_who_waits_for_a_library_is_not_said_to_run_its_code(missing: str, told: bool) -> None:
    """jax#26145: the line that calls has all samples, while the threads of XLA have the work."""
    facts = observed(line("wait(gradient(start))", called="total"))
    assert ("serial-native" in keys(idle(facts=facts, native=NativeStacks(0, 0.0, (), {}, missing=missing)))) is told
