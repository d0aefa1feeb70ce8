"""keras-team/keras#2544, answered by measuring: where the time of ``fit`` goes, and what more threads do for it.

    python benchmarks/keras_2544.py [--environment theano] [--threshold N] [--budget 20] [--parts batches openmp ...]

First the threshold of this machine's BLAS is looked for: the multiply-adds up to which a product stays on one thread
(--threshold tells it instead). Then prints Markdown: the profile of an epoch with each of its products, ``fit`` at four
batch sizes, at the two on either side of that threshold, with and without Theano's OpenMP, with a wide layer, and two
at once. Measured as a test's would be: two interpreters in turns, intervals at confidence 0.99 a side.
"""

from __future__ import annotations

import argparse
import math
import platform
import statistics
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opened_sides import OpenedSides, Quiet

from pytest_multicore.diagnosis.profile import Profile, profile_of
from pytest_multicore.experiment.measure import measure
from pytest_multicore.experiment.open_side import SETUP_TIMEOUT_S
from pytest_multicore.experiment.request import Initializer, MeasurementRequest
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.sampling_profile import sampling_profile
from pytest_multicore.interpreters.theano_profile import theano_profile
from pytest_multicore.interpreters.workload import Workload, resolve
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.measurement.machine import this_machine
from pytest_multicore.measurement.subject import OpenedWorkload
from pytest_multicore.settings.options import Settings, resolve_settings
from pytest_multicore.verdicts.figures import Comparison
from pytest_multicore.verdicts.limits import Limits
from pytest_multicore.verdicts.statistics import Interval, median_interval

THREADS = 2
BATCHES = (32, 256, 4096, 32768)
POSTED = {"batch_size": 32}
#: Multiply-adds of the posted network's largest product, for each sample of a batch.
A_SAMPLE = 100 * 20
EPOCHS = 2
WIDE = {"batch_size": 32, "hidden": 2000, "samples": 4000}
LARGE = {"batch_size": 4096, "hidden": 2000, "samples": 16384}
#: Small enough for the 2,000 weights of the posted network.
OPENMP = {"openmp": "True", "openmp_elemwise_minsize": "1000"}


@dataclass(frozen=True)
class Side:
    """What runs on one side.

    Attributes:
        threads: that it is told to use.
        arguments: of ``fit``.
        flags: of Theano.
        env: further variables.
    """

    threads: int
    arguments: Mapping[str, Any]
    flags: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Experiments:
    """What all measurements share."""

    prepared: PreparedEnvironment
    settings: Settings

    def workload(self, arguments: Mapping[str, Any]) -> Workload:
        """``fit`` with these arguments, on the environment's framework."""
        return resolve("fit", arguments, self.prepared.environment.frameworks, None, Path.cwd())

    def opened(self, side: Side, priority: str = "auto") -> IsolatedInterpreter:
        """An interpreter for a side, with nothing opened in it."""
        return self.prepared.open(self.prepared.variables(side.threads, side.flags, side.env), priority=priority)

    def compared(self, contender: Side, baseline: Side) -> Comparison:
        """Two sides in turns; ``speedup`` says how many times as fast the first is."""
        with self._ready(contender, baseline) as subjects:
            asked = MeasurementRequest(
                test="benchmarks/keras_2544.py",
                label="fit",
                workload=lambda _: self.workload(contender.arguments),
                sides=(contender.threads, baseline.threads),
                limits=Limits(),
                settings=self.settings,
                program=OpenedSides(subjects=subjects),
            )
            result = measure(asked, self.prepared, Quiet())
        assert result.comparison is not None
        return result.comparison

    @contextmanager
    def _ready(
        self, *sides: Side, first: Initializer = lambda _: None, priority: str = "auto"
    ) -> Iterator[list[OpenedWorkload]]:
        with ExitStack() as stack:
            subjects = []
            for side in sides:
                interpreter = stack.enter_context(self.opened(side, priority))
                first(interpreter)
                subjects.append(OpenedWorkload(interpreter, side.threads, SETUP_TIMEOUT_S))
                subjects[-1].set_up(self.workload(side.arguments), [])
            for subject in subjects:
                subject.wait_until_ready(SETUP_TIMEOUT_S)
            yield subjects

    @contextmanager
    def _one(self, side: Side, first: Initializer) -> Iterator[OpenedWorkload]:
        with self._ready(side, first=first) as (subject,):
            yield subject

    def threshold(self, threads: int) -> int:
        """Multiply-adds up to which this BLAS keeps a float32 product, Keras's, on one thread: looked for here."""
        library = self.prepared.selection.library
        linked = {"library": str(library), "symbol": "sgemm_"} if library else {"dtype": "float32"}
        asked = {"target": "builtin:gemm_probe", "arguments": {**linked, "threads": threads}, "path": []}
        with host_lock().exclusive(Quiet().step), self.opened(Side(threads, {}, {})) as interpreter:
            found = interpreter.ask("call", "result", SETUP_TIMEOUT_S, **asked)["value"]
        assert found["threshold_mnk"], f"no size makes {found['blas']} use a second thread"
        serial, threaded = found["threshold_mnk"], found["threaded_above"]
        print(f"{Path(found['blas']).name}: one thread at {serial:,} multiply-adds, two at {threaded:,}")
        return int(serial)

    def side_by_side(self, side: Side, times: int) -> tuple[list[float], list[float]]:
        """Seconds of an epoch alone, and of two at once in two interpreters, in turns."""
        alone, together = [], []
        with host_lock().exclusive(Quiet().step), self._ready(side, side) as (first, second):
            for _ in range(times):
                alone.append(first.take(EPOCHS).wall_s / EPOCHS)
                began = time.monotonic()
                for one in (first, second):
                    one.interpreter.tell("round", repeat=EPOCHS)
                for one in (first, second):
                    one.interpreter.wait_for("done", SETUP_TIMEOUT_S)
                together.append((time.monotonic() - began) / EPOCHS)
        return alone, together

    def profiled(self, side: Side, threshold: int) -> Profile:
        """One side's profile, in runs of its own."""
        with host_lock().exclusive(Quiet().step):
            raw = theano_profile(lambda first: self._one(side, first), SETUP_TIMEOUT_S)
            with self._ready(side, priority="off") as (subject,):  # or py-spy gets no core where both are busy
                sampled = sampling_profile(subject.interpreter, raw.wall_s / raw.repeat, SETUP_TIMEOUT_S)
        return profile_of(raw, threshold, sampled)


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", default="theano")
    parser.add_argument("--threshold", type=int, help="multiply-adds, in place of looking")
    parser.add_argument("--budget", type=float, default=20, help="seconds of rounds for each line")
    parser.add_argument("--parts", nargs="*", choices=list(PARTS), default=list(PARTS))
    asked = parser.parse_args()
    prepared = PreparedEnvironment.prepare(asked.environment, None, None, Path.cwd(), Quiet().step)
    experiments = Experiments(prepared, resolve_settings(lambda _: None, {"budget": asked.budget}))
    machine = this_machine()
    print(
        f"{machine.why_granted()}; {platform.platform()}; environment {asked.environment}, {machine.cores_online} CPUs"
    )
    threshold = asked.threshold or experiments.threshold(THREADS)
    for part in asked.parts:
        print(f"\n{part}\n")
        for line in PARTS[part](experiments, threshold):
            print(line, flush=True)


def _batches(experiments: Experiments, _: int) -> Iterator[str]:
    """The epoch at four batch sizes, 2 threads against 1."""
    return _against_one(experiments, "batch_size", {str(size): {"batch_size": size} for size in BATCHES})


def _edge(experiments: Experiments, threshold: int) -> Iterator[str]:
    """The largest batch whose products all stay under the threshold, and the next."""
    sizes = (threshold // A_SAMPLE, threshold // A_SAMPLE + 1)
    each = {f"{size} ({size * A_SAMPLE:,} multiply-adds)": {"batch_size": size} for size in sizes}
    return _against_one(experiments, "batch_size", each)


def _steps(experiments: Experiments, _: int) -> Iterator[str]:
    """What a larger batch brings without a second core: one thread on both sides."""
    yield from _head("batch_size, one thread", "larger batch", "batch_size 32")
    for size in BATCHES[1:]:
        sides = (Side(1, {"batch_size": number}, {}) for number in (size, BATCHES[0]))
        yield _row(f"{size} vs {BATCHES[0]}", experiments.compared(*sides))


def _openmp(experiments: Experiments, _: int) -> Iterator[str]:
    """Theano's OpenMP on, against off, with the same threads and batches."""
    yield from _head("2 threads", "openmp on", "openmp off")
    for arguments in (POSTED, WIDE, LARGE):
        for flags in ({"openmp": "True"}, OPENMP):
            sides = (Side(THREADS, arguments, chosen) for chosen in (flags, {}))
            minsize = flags.get("openmp_elemwise_minsize", "200000, the default")
            yield _row(f"{_named(arguments)}; minsize {minsize}", experiments.compared(*sides))


def _pools(experiments: Experiments, _: int) -> Iterator[str]:
    """OpenMP's threads and the BLAS's own are two pools that spin while they wait: one of them made smaller."""
    yield from _head(_named(WIDE), "openmp on", "openmp off")
    for name, env in (
        ("as it is", {}),
        ("OPENBLAS_NUM_THREADS=1", {"OPENBLAS_NUM_THREADS": "1"}),
        ("OMP_WAIT_POLICY=PASSIVE", {"OMP_WAIT_POLICY": "PASSIVE"}),
    ):
        yield _row(f"openmp on, {name}", experiments.compared(Side(THREADS, WIDE, OPENMP, env), Side(THREADS, WIDE)))


def _wide(experiments: Experiments, _: int) -> Iterator[str]:
    """A layer wide enough for products above the threshold, at the posted batch and at a large one."""
    return _against_one(experiments, "shapes", {_named(one): one for one in ({**WIDE, "hidden": 20}, WIDE, LARGE)})


def _processes(experiments: Experiments, _: int) -> Iterator[str]:
    """Two epochs of two models, one after the other and at once: what the second core is good for."""
    alone, together = experiments.side_by_side(Side(1, POSTED, {}), 15)
    gained = median_interval([2 * one / both for one, both in zip(alone, together, strict=True)], 0.99)
    assert gained is not None
    yield (
        f"two fits ({_named(POSTED)}) in two processes of one thread: {statistics.median(together) * 1e3:.0f} ms, "
        f"one alone {statistics.median(alone) * 1e3:.0f} ms: {_told(gained)} the epochs a second, {len(alone)} pairs"
    )


def _profile(experiments: Experiments, threshold: int) -> Iterator[str]:
    """Where the time goes at each batch size and with the wide layer."""
    for arguments in (*({"batch_size": size} for size in BATCHES), WIDE, LARGE):
        yield f"fit ({_named(arguments)}), {THREADS} threads"
        yield from (f"    {line}" for line in experiments.profiled(Side(THREADS, arguments, {}), threshold).lines())


def _against_one(experiments: Experiments, what: str, each: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield from _head(what, "2 threads", "1 thread")
    for name, arguments in each.items():
        yield _row(name, experiments.compared(Side(THREADS, arguments), Side(1, arguments)))


def _named(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in arguments.items())


def _head(what: str, contender: str, baseline: str) -> Iterator[str]:
    figures = [f"{figure}, {side}" for figure in ("ms", "busy") for side in (contender, baseline)]
    yield f"| {' | '.join([what, *figures, 'as fast', 'CPU time', 'pairs'])} |"
    yield "|" + " --- |" * 8


def _row(what: str, found: Comparison) -> str:
    cells = (
        what,
        f"{found.contender.wall_s.estimate * 1e3:.0f}",
        f"{found.baseline.wall_s.estimate * 1e3:.0f}",
        f"{found.contender.cores.estimate:.2f}",
        f"{found.baseline.cores.estimate:.2f}",
        _told(found.speedup),
        _told(found.cpu_inflation),
        str(found.pairs),
    )
    return f"| {' | '.join(cells)} |"


def _told(found: Interval) -> str:
    low, high = (f"{bound:.2f}" if math.isfinite(bound) else "?" for bound in (found.low, found.high))
    return f"{found.estimate:.2f}x [{low}, {high}]"


PARTS = {
    "profile": _profile,
    "batches": _batches,
    "edge": _edge,
    "steps": _steps,
    "openmp": _openmp,
    "pools": _pools,
    "wide": _wide,
    "processes": _processes,
}


if __name__ == "__main__":
    main()
