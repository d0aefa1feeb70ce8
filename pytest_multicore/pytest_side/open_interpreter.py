"""The live interpreter that the ``isolated_interpreter`` fixture opens."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_multicore.errors import UsageError
from pytest_multicore.experiment.open_side import SETUP_TIMEOUT_S, WorkloadProgram
from pytest_multicore.experiment.request import MeasurementRequest, SideSettings
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.interpreters.process import IsolatedInterpreter
from pytest_multicore.interpreters.workload import AnyWorkload, import_path, name_of
from pytest_multicore.measurement.machine import told_threads
from pytest_multicore.rounds.round import Call
from pytest_multicore.settings.parsers import is_passable, is_variable, parse_argument
from pytest_multicore.verdicts.figures import Measurement

from .gate import Gate


@dataclass
class OpenInterpreter:
    """A live interpreter with its own thread counts, flags and BLAS: what ``isolated_interpreter(...)`` returns.

    It is one process from call to call, so modules stay imported. While the other side of a comparison runs it is
    stopped where it stands.

    Attributes:
        pid: its process id.
        python: its version, as ``"3.8.18"``.
        threads: the thread count, or the cores, that it was given; None for inherited threads.
        variables_set: environment variables that were added or changed for it.
        overridden: the previous values of those that had another value outside.
    """

    _gate: Gate
    _prepared: PreparedEnvironment
    _interpreter: IsolatedInterpreter
    threads: int | None
    variables_set: Mapping[str, str]
    overridden: Mapping[str, str]
    _theano_flags: Mapping[str, str]
    _env: Mapping[str, str]
    _vary: str

    @property
    def pid(self) -> int:
        """The interpreter's process id."""
        return self._interpreter.pid

    @property
    def python(self) -> str:
        """The interpreter's version."""
        return ".".join(map(str, self._interpreter.hello["python"]))

    def call(self, function: AnyWorkload, /, **arguments: Any) -> Any:
        """Call a function in the interpreter and return its value.

        In a test whose marker has limits the call is measured too. After the first call, whose value is returned, it is
        repeated in this interpreter; for a limit on the speed-up also in a second one with the baseline's threads.

        Args:
            function: ``"module:function"``, ``"file.py:function"`` or a function that can be found by name.
            arguments: JSON values, by keyword.

        Returns:
            The function's value, as JSON gives it back: a tuple comes as a list.

        Raises:
            WorkloadError: the function raised; has the child's traceback.
            LimitMissed: the function missed a limit of the test's marker.
        """
        __tracebackhide__ = True
        answer = self._gate.guard_environment(lambda: self._ask(function, arguments))
        if self._gate.limited and not self._gate.settings.off:
            self._enforce(function, arguments, Call(answer["wall_s"], answer["cpu_s"]))
        return answer["value"]

    def _ask(self, function: AnyWorkload, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        workload = self._gate.workload(function, arguments, None)(self._prepared)
        return self._interpreter.ask(
            "call",
            "result",
            SETUP_TIMEOUT_S,
            target=workload.target,
            arguments=dict(workload.arguments),
            path=import_path(self._prepared.installation.is_current),
            threads=told_threads(self.threads),
        )

    def measure(self, function: AnyWorkload, /, **arguments: Any) -> Measurement:
        """Measure a workload in this interpreter, and enforce the marker's limits.

        Args:
            function: as in ``call``, or a built-in experiment.
            arguments: JSON values, by keyword.

        Returns:
            The figures of this interpreter's side.

        Raises:
            LimitMissed: it missed a limit of the test's marker; see ``Multicore`` for the others.
        """
        __tracebackhide__ = True
        return self._enforce(function, arguments)

    def _enforce(
        self, function: AnyWorkload, arguments: Mapping[str, Any], first_call: Call | None = None
    ) -> Measurement:
        __tracebackhide__ = True
        gate = self._gate
        baseline = (gate.settings.baseline,) if gate.limits.need_baseline else ()
        request = MeasurementRequest(
            test=gate.test,
            label=name_of(function),
            workload=gate.workload(function, arguments, None),
            sides=(self.threads, *baseline),
            limits=gate.limits,
            settings=replace(gate.settings, vary=self._vary),
            theano_flags=self._theano_flags,
            env=self._env,
            program=WorkloadProgram(self._interpreter, first_call),
        )
        measurement = gate.enforce(request, self._prepared).measurement
        assert measurement is not None  # noqa: S101 - a result that lets the test go on was measured
        return measurement

    def facts(self) -> Mapping[str, Any]:
        """The interpreter's present state: mapped libraries with their thread counts, affinity, variables."""
        from pytest_multicore.environments.threads import REPORTED_VARIABLES

        return self._interpreter.ask("facts", "facts", SETUP_TIMEOUT_S, variables=list(REPORTED_VARIABLES))

    def close(self) -> None:
        """End the interpreter; the fixture does so at the test's end."""
        self._interpreter.close()


def open_interpreter(
    gate: Gate,
    threads: object,
    cores: object,
    environment: str | None,
    blas: str | None,
    flags: Mapping[str, str],
    extra: Mapping[str, str],
) -> OpenInterpreter:
    """Start a live interpreter; see the fixture for the arguments.

    Raises:
        UsageError: a variable or flag is not text; both threads and cores; more cores than are granted.
    """
    for argument, values in (("env", extra), ("theano_flags", flags)):
        for name, value in values.items():
            if not isinstance(name, str) or not isinstance(value, str):
                raise UsageError(f"{argument}={{{name!r}: {value!r}}}: expected text, {name!r}: {str(value)!r}")
            if not is_variable(name) or not is_passable(value):
                raise UsageError(
                    f"{argument}={{{name!r}: {value!r}}}: expected a name without '=', and no zero characters"
                )
    if threads is not None and cores is not None:
        raise UsageError(f"threads={threads!r}, cores={cores!r}: expected one of the two")
    prepared, vary = gate.prepare_environment(environment, blas), gate.settings.vary
    count = gate.thread_count(threads)
    if cores is not None:
        count, vary = parse_argument("cores", cores), "cores"
    given = SideSettings.of(count, vary)
    variables = prepared.variables(given.threads, flags, extra, given.cpus)
    interpreter = prepared.open(variables, priority=gate.settings.priority, cpus=given.cpus)
    return OpenInterpreter(gate, prepared, interpreter, count, variables.set, variables.overridden, flags, extra, vary)
