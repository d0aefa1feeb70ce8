"""The fixtures: ``multicore``, ``multicore_threads``, ``isolated_interpreter``, ``dot_product``, ``keras_fit``.

What they need is imported when a test uses them: a session without such a test pays nothing for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pytest_multicore.interpreters.workload import AnyWorkload
    from pytest_multicore.verdicts.figures import Comparison, Measurement, Scaling
    from pytest_multicore.verdicts.result import Result

    from .gate import Gate
    from .open_interpreter import OpenInterpreter


class Multicore:
    """Measures workloads in isolated interpreters and enforces the limits of the test's marker.

    A workload is ``"dot"``, ``"fit"``, ``"module:function"``, ``"file.py:function"``, or a function that can be found
    by name. It is called once with the arguments. If it returns a callable, that is measured and the call was the
    set-up; otherwise the function itself is measured.

    A limit that cannot be decided skips the test. Every method that measures raises the same.

    Raises:
        LimitMissed: a limit is missed.
        Undecided: a limit cannot be decided, under ``--multicore-strict``.
        WorkloadError: the workload raised, cannot be imported, or called ``sys.exit``.
        UsageError: an argument is wrong, or the workload cannot be found by its name.
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def run(
        self, workload: AnyWorkload, /, *, framework: str | None = None, threads: object = None, **arguments: Any
    ) -> Measurement:
        """Measure one thread count; and a baseline, where the marker limits the speed-up or has ``min_cores``.

        Args:
            workload: see the class.
            framework: which implementation of a built-in experiment; None: the environment's.
            threads: thread count or ``"inherit"``; None: the marker's or the option's.
            arguments: JSON values for the workload.

        Returns:
            The figures of the thread count: seconds of one repetition, and cores busy.
        """
        __tracebackhide__ = True
        sides = self._gate.sides(self._gate.thread_count(threads))
        result = self._enforce(workload, framework, sides, arguments)
        assert result.measurement is not None  # noqa: S101 - a result that lets the test go on was measured
        return result.measurement

    def speedup(
        self,
        workload: AnyWorkload,
        /,
        *,
        framework: str | None = None,
        threads: object = None,
        baseline: int | None = None,
        **arguments: Any,
    ) -> Comparison:
        """Measure two thread counts in turns.

        Args:
            workload: see the class.
            framework: as in ``run``.
            threads: as in ``run``.
            arguments: JSON values for the workload.
            baseline: threads of the other side; None: the marker's, or 1.

        Returns:
            The figures of both sides, and the speed-up.
        """
        __tracebackhide__ = True
        from pytest_multicore.settings.parsers import parse_argument

        other = self._gate.settings.baseline if baseline is None else parse_argument("baseline", baseline)
        result = self._enforce(workload, framework, [self._gate.thread_count(threads), other], arguments)
        assert result.comparison is not None  # noqa: S101 - two sides were measured
        return result.comparison

    def scaling(
        self,
        workload: AnyWorkload,
        /,
        *,
        threads: Sequence[int] | None = None,
        framework: str | None = None,
        **arguments: Any,
    ) -> Scaling:
        """Measure a series of thread counts in turns; limits are about the largest count, compared with the first.

        Args:
            workload: see the class.
            framework: as in ``run``.
            arguments: JSON values for the workload.
            threads: at least two different counts, counting up; None: 1, 2, 4 ... up to the settings' count.

        Returns:
            The figures of each count, the speed-ups, and the scaling law that they follow.
        """
        __tracebackhide__ = True
        from pytest_multicore.measurement.machine import this_machine
        from pytest_multicore.settings.parsers import thread_counts

        counts = thread_counts(threads, self._gate.thread_count() or this_machine().threads_auto)
        result = self._enforce(workload, framework, counts, arguments, scale=True)
        assert result.scaling is not None  # noqa: S101 - a series was measured
        return result.scaling

    def import_guard(self, *packages: str, allow: Sequence[str] = (), environment: str | None = None) -> None:
        """Hold imports to leave no trace: thread variables, affinity, pools and the interpreter's lock stay.

        Each is imported in a bare interpreter, without any thread variable. Nothing is measured.

        Args:
            packages: full names of packages or modules.
            allow: what may be changed: variables by name, ``"affinity"``, ``"gil"``, or ``"pool openblas"``.
            environment: where to import them; None: the marker's or the option's.

        Raises:
            LimitMissed: names each change, and the innermost module that made it.
            UsageError: no package, or something that is no name of one.
        """
        __tracebackhide__ = True
        from .import_guard import guard_imports

        guard_imports(self._gate, packages, allow, environment)

    def _enforce(
        self,
        workload: AnyWorkload,
        framework: str | None,
        sides: Sequence[int | None],
        arguments: dict[str, Any],
        scale: bool = False,
    ) -> Result:
        __tracebackhide__ = True
        from pytest_multicore.experiment.open_side import WorkloadProgram
        from pytest_multicore.experiment.request import MeasurementRequest
        from pytest_multicore.interpreters.workload import name_of

        gate = self._gate
        request = MeasurementRequest(
            test=gate.test,
            label=name_of(workload),
            workload=gate.workload(workload, arguments, framework),
            sides=tuple(sides),
            limits=gate.limits,
            settings=gate.settings,
            program=WorkloadProgram(),
            scale=scale,
        )
        return gate.enforce(request)


@pytest.fixture
def multicore(request: pytest.FixtureRequest) -> Multicore:
    """Measure functions in isolated interpreters and hold them to the marker's limits.

    ``multicore.run(workload, **arguments)`` measures one side and returns a ``Measurement``.
    ``multicore.speedup(...)`` compares two thread counts and returns a ``Comparison``.
    ``multicore.scaling(workload, threads=[1, 2, 4])`` measures a series and returns a ``Scaling``.

    A workload is ``"module:function"``, ``"file.py:function"``, a top-level function, or a built-in experiment
    (``"dot"``, ``"fit"``). Each method raises ``LimitMissed`` when a limit is missed, and skips the test when nothing
    can be decided (``Undecided`` under ``--multicore-strict``).
    """
    return Multicore(_gate(request))


@pytest.fixture
def multicore_threads(request: pytest.FixtureRequest) -> int:
    """How many threads this side was told to use, an int: for the pools that a test makes itself.

    ``ThreadPoolExecutor(multicore_threads)``, ``n_jobs=multicore_threads``: so the baseline's pool has its one thread.
    Where sides differ in cores (``vary="cores"``) it is the number of cores that the side was given. Where threads are
    inherited, and in a test that runs plainly (``--multicore-off``), it is what the side in question would have.

    A workload of ``multicore`` that has a parameter ``threads`` gets the same number by that.
    """
    from pytest_multicore.measurement.machine import told_threads

    return told_threads(_gate(request).thread_count())


@pytest.fixture
def isolated_interpreter(request: pytest.FixtureRequest) -> Iterator[Callable[..., OpenInterpreter]]:
    """Open live interpreters whose thread counts, flags and BLAS are set before anything is imported.

    ``isolated_interpreter(threads=2, environment="theano", blas="scipy", theano_flags={...}, env={...})`` opens one.
    Each argument is optional:

    - ``threads``: a number, ``"auto"`` or ``"inherit"``;
    - ``cores``: so many CPUs, by affinity, in place of ``threads``: thread variables are inherited;
    - ``environment``: an environment's name;
    - ``blas``: a BLAS's name, or a library's path;
    - ``theano_flags``, ``env``: dicts of text.

    It returns an ``OpenInterpreter``: ``.call("module:function", **json)`` returns the function's value,
    ``.measure(...)`` measures there, ``.facts()`` says what is loaded. It is closed when the test ends.

    A wrong argument raises ``UsageError``. An environment that cannot be had skips the test (``Undecided`` under
    ``--multicore-strict``).
    """
    from contextlib import ExitStack

    from .open_interpreter import open_interpreter

    gate = _gate(request)
    with ExitStack() as interpreters:

        def isolated_interpreter(
            *,
            threads: object = None,
            cores: object = None,
            environment: str | None = None,
            blas: str | None = None,
            theano_flags: Mapping[str, str] | None = None,
            env: Mapping[str, str] | None = None,
        ) -> OpenInterpreter:
            __tracebackhide__ = True
            flags, extra = dict(theano_flags or {}), dict(env or {})
            interpreter = gate.guard_environment(
                lambda: open_interpreter(gate, threads, cores, environment, blas, flags, extra)
            )
            interpreters.callback(interpreter.close)
            return interpreter

        yield isolated_interpreter


@pytest.fixture
def dot_product(multicore: Multicore) -> Callable[..., Comparison]:
    """The first experiment of keras-team/keras#2544: ``c <- 0.4 c + 0.8 dot(a, b)``, compared at two thread counts.

    Arguments, each optional: ``size`` (2000: a, b and c are size x size), ``iterations`` (1: updates in one repetition;
    the posted program looped 100 times, here the rounds repeat it), ``dtype`` ("float64", on Theano and PyTensor
    ``floatX``), ``framework`` (numpy, theano, pytensor, torch, jax or tensorflow), ``threads``, ``baseline``.

    Returns a ``Comparison``; raises as ``multicore.speedup`` does.
    """

    def dot_product(**arguments: Any) -> Comparison:
        __tracebackhide__ = True
        return multicore.speedup("dot", **arguments)

    return dot_product


@pytest.fixture
def keras_fit(multicore: Multicore) -> Callable[..., Comparison]:
    """The second experiment of keras-team/keras#2544: one epoch of ``fit``, compared at two thread counts.

    The network is Dense(features -> hidden) -> Dense(hidden -> 1). Arguments, each optional: ``samples`` (100000: rows
    of the data), ``features`` (100: its columns), ``hidden`` (20), ``batch_size`` (32 samples), ``loss`` ("mse"),
    ``optimizer`` ("rmsprop"), ``dtype`` ("float32", on Keras ``floatx``), ``seed`` (0), ``framework`` (numpy, keras,
    torch, jax or sklearn), ``threads``, ``baseline``.

    Returns a ``Comparison``; raises as ``multicore.speedup`` does.
    """

    def keras_fit(**arguments: Any) -> Comparison:
        __tracebackhide__ = True
        return multicore.speedup("fit", **arguments)

    return keras_fit


def _gate(request: pytest.FixtureRequest) -> Gate:
    from pytest_multicore.errors import UsageError
    from pytest_multicore.settings.marker import FIXTURES

    from .gates import gate_of

    # A test that asks for it later would be measured as a whole, this plugin with it, or by nobody.
    if request.fixturename in FIXTURES and FIXTURES.isdisjoint(getattr(request.node, "fixturenames", ())):
        raise UsageError(
            f"{request.node.nodeid}: found request.getfixturevalue({request.fixturename!r}); expected the fixture "
            "among the arguments of the test, or of a fixture that it uses"
        )
    return gate_of(request.node)
