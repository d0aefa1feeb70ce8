"""The fixture's ``import_guard``: an import that leaves a trace fails the test."""

from __future__ import annotations

from collections.abc import Sequence

from pytest_multicore.errors import LimitMissed, UsageError
from pytest_multicore.interpreters.import_traces import import_in_bare_interpreter
from pytest_multicore.reports.imports import guard_text

from .gate import Gate


def guard_imports(gate: Gate, packages: Sequence[str], allow: Sequence[str], environment: str | None) -> None:
    """See the fixture.

    Raises:
        LimitMissed: an import leaves a trace, or fails.
        UsageError: no package, or something that is no name of one.
    """
    __tracebackhide__ = True
    if not packages:
        raise UsageError('multicore.import_guard(): expected the name of at least one package, "numpy"')
    for argument, names in (("", packages), ("allow", [allow] if isinstance(allow, str) else allow)):
        for name in names:
            if not isinstance(name, str) or not name or (argument and name is allow):
                wanted = f"a list of names, [{name!r}]" if argument else "the name of a package, as it is imported"
                raise UsageError(f"multicore.import_guard({argument and 'allow='}{name!r}): expected {wanted}")
    prepared = gate.guard_environment(lambda: gate.prepare_environment(environment))
    imported = gate.guard_environment(lambda: import_in_bare_interpreter(prepared, packages))
    if text := guard_text(imported, allow):
        raise LimitMissed(text)
