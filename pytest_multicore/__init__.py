"""A pytest plugin that catches threading regressions.

A numeric program can fall back to one core without any error: another BLAS is linked, a library pins the process, a
thread limit is left at 1, a container's quota shrinks. This plugin turns that into a test. It runs code in isolated
interpreters whose thread counts are set before anything is imported, and takes rounds at two thread counts in turns.
Then it passes, fails or skips the test, with a stated confidence, and says why a limit was missed.

A first gate, once the package is installed (pytest loads the plugin by itself)::

    import numpy
    import pytest

    @pytest.fixture
    def a():
        return numpy.random.default_rng(0).normal(size=(4000, 500))

    @pytest.mark.multicore(min_speedup=1.3)
    def test_gram_is_threaded(a):
        a.T @ a  # the call is measured; fixtures are set-up

The marker takes limits: ``min_cores``, ``max_cores``, ``min_speedup``, ``max_speedup``, ``min_efficiency`` and
``max_threads``. It also takes ``threads``, ``baseline``, ``environment``, ``budget`` (seconds) and ``fresh``. ``vary``
is "cores" where the sides are to differ in CPUs and not in thread variables. Without a limit the plugin only measures.
``pytest --markers`` explains each argument.

No limit need be chosen to find a regression. ``--multicore-against=numpy==1.26.4``, or ``git:main``, or the marker's
``against``, measures a base in the same rounds. The test fails where threading lost more than ``max_loss`` of the
base's speed-up, or one thread is slower by more than ``max_slowdown``.

The fixtures measure more than a test's call. ``multicore`` measures functions: ``.run``, ``.speedup``,
``.scaling``. Its ``.import_guard`` holds imports to leaving threads alone. ``multicore_threads`` is the number for a
pool that a test makes itself. ``isolated_interpreter`` opens a live interpreter with chosen threads, BLAS and
variables. ``dot_product`` and ``keras_fit`` are the two experiments of keras-team/keras#2544. ``pytest --fixtures -v``
explains them.

The options begin with ``--multicore-``. For instance, ``--multicore-strict`` fails what cannot be decided,
``--multicore-json=FILE`` writes all figures, and ``--multicore-doctor`` says what this machine can give. ``pytest
--help`` lists them all. Each but the doctor is an ini key too, ``multicore_strict`` and so on.

A test may import from here the figures that the fixtures return (``Measurement``, ``Comparison``,
``Scaling``, each made of ``Interval``) and the exceptions (``LimitMissed``, ``Undecided``, ``MulticoreError``,
``UsageError``, ``WorkloadError``). They load when they are first used, so importing this package costs nothing.

The documentation is in the folder ``docs`` of the source: a tutorial, how-to guides, the reference with a glossary,
and explanations of how figures and verdicts come about. ``python -m pytest_multicore judge FILE`` judges the rounds of
a JSON report again, ``html FILE PAGE`` makes a page for the browser of it, and ``imports PACKAGE`` tells what an
import changes of threads.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import LimitMissed, MulticoreError, Undecided, UsageError, WorkloadError
    from .verdicts.figures import Comparison, Measurement, Scaling
    from .verdicts.statistics import Interval

_HOME = {
    "Comparison": "verdicts.figures",
    "Interval": "verdicts.statistics",
    "LimitMissed": "errors",
    "Measurement": "verdicts.figures",
    "MulticoreError": "errors",
    "Scaling": "verdicts.figures",
    "Undecided": "errors",
    "UsageError": "errors",
    "WorkloadError": "errors",
}

__all__ = [
    "Comparison",
    "Interval",
    "LimitMissed",
    "Measurement",
    "MulticoreError",
    "Scaling",
    "Undecided",
    "UsageError",
    "WorkloadError",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """The public names too, for help() and completion, though they are not loaded yet."""
    return sorted({*globals(), *__all__})
