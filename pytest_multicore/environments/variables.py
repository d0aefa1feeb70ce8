"""The variables that a child of an environment starts with, those set here, and the user's values that they replace."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_multicore.settings.system import IS_MACOS

from . import cache, flags
from .commands import foreign_variables
from .threads import REPORTED_VARIABLES, for_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .blas import BlasSelection
    from .environment import Environment
    from .provision import Installation

#: Python's hashes are not random with it: on both sides the same keys share a dict's slots. For the addresses see
#: interpreters/address_layout.py.
HASH_SEED = {"PYTHONHASHSEED": "0"}
LIBRARY_PATH = "DYLD_LIBRARY_PATH" if IS_MACOS else "LD_LIBRARY_PATH"


@dataclass(frozen=True, slots=True)
class ChildVariables:
    """A child's variables.

    Attributes:
        variables: all of them, for Popen.
        set: those that were added or changed.
        overridden: the user's own values of those that were changed; reportable variables only.
    """

    variables: dict[str, str]
    set: dict[str, str]
    overridden: dict[str, str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a framework takes its flags.

    Attributes:
        variable: the variable that holds them.
        ldflags: the flag that links a BLAS.
        defaults: flags that are set unless the user, the environment or the child sets them.
    """

    variable: str
    ldflags: str
    defaults: Mapping[str, str]

    def flag_name(self, name: str) -> str:
        """Spell a flag's name: PyTensor writes ``blas__ldflags`` for Theano's ``blas.ldflags``."""
        return name.replace(".", "__") if self.variable == "PYTENSOR_FLAGS" else name


THEANO = Dialect("THEANO_FLAGS", "blas.ldflags", {"device": "cpu"})
PYTENSOR = Dialect("PYTENSOR_FLAGS", "blas__ldflags", {})


def child_variables(
    environment: Environment,
    installation: Installation,
    blas: BlasSelection,
    *,
    threads: int | None,
    theano_flags: Mapping[str, str],
    env: Mapping[str, str],
    environ: Mapping[str, str],
    cores: int | None = None,
) -> ChildVariables:
    """Compute the variables of a child: the user's, with as few changes as the experiment needs.

    Args:
        environment: its ``env`` and ``theano_flags`` are set.
        installation: the environment's files.
        blas: becomes a Theano flag and the head of the loader's search path.
        threads: the number that `threads.for_threads` sets; None: no thread variable is set.
        theano_flags: flags of this child; flag by flag they win over the environment's, and over the user's.
        env: variables of this child; they win over everything else, except for flags, which are merged.
        environ: the parent's variables, usually ``os.environ``.
        cores: how many it may run on, by its affinity; None: all that are granted.

    Raises:
        UsageError: threads below 1, or flags of the user's that cannot be parsed.
    """
    base = _without_coverage(environ if installation.is_current else foreign_variables(environ))
    path = _library_path(blas, {**base, **environment.env})
    ours = _hash_seed(base) | for_threads(threads) | dict(environment.env) | path | dict(env)
    ours |= _flags(environment, installation, blas, theano_flags, {**base, **ours}, (threads, cores))
    return ChildVariables(base | ours, _changes(ours, base), _overridden(ours, environ))


def _hash_seed(base: Mapping[str, str]) -> dict[str, str]:
    """HASH_SEED, unless the user sets it."""
    return {name: value for name, value in HASH_SEED.items() if name not in base}


def _without_coverage(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables without those that make coverage trace a child: the tracer would be measured."""
    return {name: value for name, value in environ.items() if not name.startswith(("COV_CORE_", "COVERAGE_PROCESS"))}


def _library_path(blas: BlasSelection, base: Mapping[str, str]) -> dict[str, str]:
    if blas.library_path is None:
        return {}
    return {LIBRARY_PATH: os.pathsep.join(part for part in (blas.library_path, base.get(LIBRARY_PATH)) if part)}


def _flags(
    environment: Environment,
    installation: Installation,
    blas: BlasSelection,
    theano_flags: Mapping[str, str],
    base: Mapping[str, str],
    side: tuple[int | None, int | None],
) -> dict[str, str]:
    dialect = _dialect(environment, theano_flags)
    if dialect is None:
        return {}
    users = flags.parse(base.get(dialect.variable, ""))
    link = {dialect.ldflags: blas.ldflags} if blas.ldflags is not None else {}
    own = {dialect.flag_name(name): value for name, value in {**environment.theano_flags, **theano_flags}.items()}
    merged = {**dialect.defaults, **users, **link, **own}
    if "base_compiledir" not in own:
        merged["base_compiledir"] = _compile_folder(merged, installation, blas, side)
    return {dialect.variable: flags.render(merged)}


def _dialect(environment: Environment, theano_flags: Mapping[str, str]) -> Dialect | None:
    framework = environment.frameworks.get("dot")
    if framework == "pytensor":
        return PYTENSOR
    # An environment that is not known to hold Theano gets Theano's flags where any are given.
    return THEANO if framework == "theano" or environment.theano_flags or theano_flags else None


def _compile_folder(
    merged: Mapping[str, str], installation: Installation, blas: BlasSelection, side: tuple[int | None, int | None]
) -> str:
    """Return a folder for compiled code that nothing else shares.

    Theano's own key leaves out some flags (openmp_elemwise_minsize) and names a library without its path: code that was
    compiled for one set of flags would be used for another. Each side (threads, cores) has its own folder, because two
    that are set up at the same time would wait for each other's lock, in steps of 5 to 10 s.
    """
    own = {name: value for name, value in merged.items() if name != "base_compiledir"}
    facts = json.dumps([installation.key, sorted(own.items()), str(blas.library), side])
    return str(cache.root() / "compiled" / hashlib.sha256(facts.encode()).hexdigest()[:24])


def _changes(ours: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in ours.items() if base.get(name) != value}


def _overridden(ours: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: environ[name]
        for name, value in ours.items()
        if name in REPORTED_VARIABLES and name in environ and not _keeps(name, environ[name], value)
    }


def _keeps(name: str, before: str, after: str) -> bool:
    """Return whether a new value keeps the previous one: added flags and a longer search path replace nothing."""
    if name in {THEANO.variable, PYTENSOR.variable}:
        lost = flags.parse(before).items() - flags.parse(after).items()
        return all(flag == "base_compiledir" for flag, _value in lost)
    if name == LIBRARY_PATH:
        return after.endswith(before)
    return before == after
