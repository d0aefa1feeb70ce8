"""The environments and bases that measurements run in: each is made ready once a session."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache, wraps
from pathlib import Path
from typing import TypeVar, cast

import pytest

from pytest_multicore.environments import overlay
from pytest_multicore.environments.damage import damage
from pytest_multicore.environments.provision import Installation
from pytest_multicore.errors import EnvironmentUnavailable, HostUnfit, InterpreterCrash, NoSuchRelease, WorkloadError
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.reports.visible import visible_line

from .options import is_worker

Report = Callable[[str], None]
T = TypeVar("T")


@contextmanager
def refusals_told() -> Iterator[None]:
    """What the system refuses within this context ends the measurement with its reason: a HostUnfit, no OSError.

    The measured code's errors come from its interpreter, as data. One without a number is not the system's. A broken
    pipe is that of the output, whose reader has gone: what writes to an interpreter deals with its own.
    """
    __tracebackhide__ = True
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        if error.errno is None:
            raise
        raise HostUnfit.of(error, "not measured") from error


@contextmanager
def absent_releases_told() -> Iterator[None]:
    """A release that is not there ends the session, as an unknown commit does: skipped tests would leave it green.

    A worker of pytest-xdist cannot end it, and its test fails.
    """
    __tracebackhide__ = True
    try:
        yield
    except NoSuchRelease as error:
        if is_worker():
            raise
        pytest.exit(visible_line(str(error)), pytest.ExitCode.USAGE_ERROR)


def tried_once(prepare: Callable[..., T]) -> Callable[..., T]:
    """Have a session prepare each place once, even if it cannot be had: each test would wait for the same network."""

    @cache
    def outcome(*arguments: Hashable) -> tuple[T, None] | tuple[None, EnvironmentUnavailable]:
        try:
            return prepare(*arguments), None
        except EnvironmentUnavailable as error:
            return None, error

    @wraps(prepare)
    def remembered(*arguments: Hashable) -> T:
        __tracebackhide__ = True
        place, error = outcome(*arguments)
        if error is not None:
            raise error.with_traceback(None)
        return cast(T, place)

    return remembered


@refusals_told()
def in_whole_environment(work: Callable[[], T], place: Callable[[], PreparedEnvironment]) -> T:
    """Do something in an environment. Where it fails in a damaged one, that is the reason, and not the program.

    Raises:
        EnvironmentUnavailable: the environment is damaged; says how to have it built again.
        HostUnfit: the system refused something.
    """
    __tracebackhide__ = True
    try:
        return work()
    except (WorkloadError, InterpreterCrash) as error:
        if why := damage(place().installation):
            raise EnvironmentUnavailable(why) from error
        raise


@tried_once
@absent_releases_told()
@refusals_told()
def prepared_environment(
    environment: str, python: str | None, blas: str | None, folder: Path, report_step: Report, also: tuple[str, ...]
) -> PreparedEnvironment:
    """An environment; see PreparedEnvironment.prepare for the arguments, and what is raised."""
    return PreparedEnvironment.prepare(environment, python, blas, folder, report_step, also)


def prepared_base(
    name: str,
    prepared: PreparedEnvironment,
    blas: str | None,
    folder: Path,
    report_step: Report,
    also: tuple[str, ...],
) -> PreparedEnvironment:
    """What the measurements in an environment are compared with: another one, or the same with something laid over it.

    Args:
        name: an environment's, or an overlay's.
        prepared: the environment of the measurements.
        blas: the BLAS that the settings name.
        folder: the project's.
        report_step: called with a line of text before each step that takes long.
        also: packages that another environment must have in addition to its own.

    Raises:
        EnvironmentUnavailable: it cannot be had.
    """
    if overlay.is_overlay(name):
        return laid_over(prepared, name, folder, report_step)
    return replace(prepared_environment(name, None, blas, folder, report_step, also), base_name=name)


def laid_over(prepared: PreparedEnvironment, name: str, folder: Path, report_step: Report) -> PreparedEnvironment:
    """An environment with a release or a commit laid over it; that is made ready once a session."""
    over = _prepared_overlay(name, prepared.installation, folder, report_step)
    return replace(prepared, base=over, base_name=name)


@tried_once
@absent_releases_told()
@refusals_told()
def _prepared_overlay(name: str, installation: Installation, folder: Path, report_step: Report) -> overlay.Overlay:
    return overlay.prepare(name, installation, folder, report_step)
