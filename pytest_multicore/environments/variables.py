"""The variables that a child of an environment starts with, what of them was set here, and what that replaced."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from . import cache, flags
from .commands import tool_variables
from .threads import REPORTED_VARIABLES, for_threads

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .blas import BlasSelection
    from .environment import Environment
    from .provision import Provisioned

#: The value with which Python draws no hashes: which keys share a dict's slots is the same on both sides then. For the
#: addresses see interpreters/address_layout.py.
HASH_SEED = {"PYTHONHASHSEED": "0"}
LIBRARY_PATH = "DYLD_LIBRARY_PATH" if sys.platform == "darwin" else "LD_LIBRARY_PATH"


@dataclass(frozen=True, slots=True)
class ChildVariables:
    """A child's variables.

    Attributes:
        variables: all of them, for Popen.
        set: what was added or changed, by name.
        overridden: previous values of what the user's world had set to something else; reportable variables only.
    """

    variables: dict[str, str]
    set: dict[str, str]
    overridden: dict[str, str]


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a framework takes its flags.

    Attributes:
        variable: that holds them.
        ldflags: the name of the flag that links a BLAS.
        defaults: flags that are set unless the world, the environment or the child sets them.
    """

    variable: str
    ldflags: str
    defaults: Mapping[str, str]

    def spelled(self, name: str) -> str:
        """Spell a flag's name: PyTensor writes ``blas__ldflags`` for Theano's ``blas.ldflags``."""
        return name.replace(".", "__") if self.variable == "PYTENSOR_FLAGS" else name


THEANO = Dialect("THEANO_FLAGS", "blas.ldflags", {"device": "cpu"})
PYTENSOR = Dialect("PYTENSOR_FLAGS", "blas__ldflags", {})


def child_variables(
    environment: Environment,
    provisioned: Provisioned,
    blas: BlasSelection,
    *,
    threads: int | None,
    theano_flags: Mapping[str, str],
    env: Mapping[str, str],
    world: Mapping[str, str],
) -> ChildVariables:
    """Write the variables of a child: the user's world, with as little changed as the experiment needs.

    Args:
        environment: whose ``env`` and ``theano_flags`` are set.
        provisioned: where it stands.
        blas: becomes a Theano flag and the head of the loader's search path.
        threads: how many, by the table of `threads`; None: no thread variable is set.
        theano_flags: flags of this child, over the environment's; over the world's as well, flag by flag.
        env: variables of this child; they win over everything else, but for flags, which are merged.
        world: the variables that the parent has, ``os.environ`` usually.

    Raises:
        UsageError: threads below 1, or flags of the world that cannot be read.
    """
    base = _untraced(world if provisioned.is_current else tool_variables(world))
    changed = _hash_seed(base) | for_threads(threads) | dict(environment.env) | _library_path(blas, base) | dict(env)
    changed |= _flags(environment, provisioned, blas, theano_flags, {**base, **changed}, threads)
    return ChildVariables(base | changed, _differing(changed, base), _overridden(changed, world))


def _hash_seed(base: Mapping[str, str]) -> dict[str, str]:
    """Nothing where the world says something of it."""
    return {name: value for name, value in HASH_SEED.items() if name not in base}


def _untraced(world: Mapping[str, str]) -> dict[str, str]:
    """Without what would have coverage trace the measured code: it would be the tracer that is measured."""
    return {name: value for name, value in world.items() if not name.startswith(("COV_CORE_", "COVERAGE_PROCESS"))}


def _library_path(blas: BlasSelection, base: Mapping[str, str]) -> dict[str, str]:
    if blas.library_path is None:
        return {}
    return {LIBRARY_PATH: os.pathsep.join(part for part in (blas.library_path, base.get(LIBRARY_PATH)) if part)}


def _flags(
    environment: Environment,
    provisioned: Provisioned,
    blas: BlasSelection,
    theano_flags: Mapping[str, str],
    base: Mapping[str, str],
    threads: int | None,
) -> dict[str, str]:
    dialect = _dialect(environment, theano_flags)
    if dialect is None:
        return {}
    world = flags.parsed(base.get(dialect.variable, ""))
    linked = {dialect.ldflags: blas.ldflags} if blas.ldflags is not None else {}
    ours = {dialect.spelled(name): value for name, value in {**environment.theano_flags, **theano_flags}.items()}
    merged = {**dialect.defaults, **world, **linked, **ours}
    if "base_compiledir" not in ours:
        merged["base_compiledir"] = _compile_folder(merged, provisioned, blas, threads)
    return {dialect.variable: flags.rendered(merged)}


def _dialect(environment: Environment, theano_flags: Mapping[str, str]) -> Dialect | None:
    framework = environment.frameworks.get("dot")
    if framework == "pytensor":
        return PYTENSOR
    # An environment that is not known to hold Theano gets its flags when somebody gives any.
    return THEANO if framework == "theano" or environment.theano_flags or theano_flags else None


def _compile_folder(
    merged: Mapping[str, str], provisioned: Provisioned, blas: BlasSelection, threads: int | None
) -> str:
    """Give a folder for compiled code that nothing else shares.

    Theano's own key leaves out some flags (openmp_elemwise_minsize) and takes a library by its name, not by its file:
    what was compiled for one set would be taken for another. Each thread count has its own, for two sides that are set
    up at the same time would wait for each other's lock, in steps of 5 to 10 s.
    """
    own = {name: value for name, value in merged.items() if name != "base_compiledir"}
    facts = json.dumps([provisioned.key, sorted(own.items()), str(blas.library), threads])
    return str(cache.root() / "compiled" / hashlib.sha256(facts.encode()).hexdigest()[:24])


def _differing(changed: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in changed.items() if base.get(name) != value}


def _overridden(changed: Mapping[str, str], world: Mapping[str, str]) -> dict[str, str]:
    return {
        name: world[name]
        for name, value in changed.items()
        if name in REPORTED_VARIABLES and name in world and not _kept(name, world[name], value)
    }


def _kept(name: str, before: str, after: str) -> bool:
    """Tell whether nothing of a previous value was lost: added flags and a longer search path replace nothing."""
    if name in {THEANO.variable, PYTENSOR.variable}:
        lost = flags.parsed(before).items() - flags.parsed(after).items()
        return all(flag == "base_compiledir" for flag, _value in lost)
    if name == LIBRARY_PATH:
        return after.endswith(before)
    return before == after
