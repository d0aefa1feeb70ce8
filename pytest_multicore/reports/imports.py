"""What imports leave changed, in words: for the command ``imports`` and the fixture's ``import_guard``."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pytest_multicore.interpreters.import_traces import ImportResult, ImportTrace

#: Extension modules named of a package.
MAX_GIL_MODULES = 5


def forbidden(imported: ImportResult, allow: Collection[str]) -> list[ImportTrace]:
    """The traces that are not allowed by their names: a variable's, ``affinity``, ``gil``, ``pool openblas``."""
    return [trace for trace in imported.traces if trace.name not in allow]


def guard_text(imported: ImportResult, allow: Collection[str]) -> str:
    """Why an import does not leave the process as it was; empty where it does."""
    traces = forbidden(imported, allow)
    if not traces and not imported.failures:
        return ""
    return "\n".join([*_failures(imported), *map(str, traces), *_remedy(traces)])


def import_lines(imported: ImportResult, packages: Collection[str], allow: Collection[str]) -> Iterator[str]:
    """All that is known of these imports, the forbidden traces first."""
    yield from _failures(imported)
    traces = forbidden(imported, allow)
    yield from map(str, traces)
    yield from (f"{trace}: allowed" for trace in imported.traces if trace not in traces)
    clean = [package for package in packages if package not in imported.failures]
    clean = [package for package in clean if all(trace.package != package for trace in imported.traces)]
    yield from (f"importing {package} leaves no trace" for package in clean)
    yield from _remedy(traces)
    if imported.gil_modules:
        named = ", ".join(imported.gil_modules[:MAX_GIL_MODULES])
        more = len(imported.gil_modules) - MAX_GIL_MODULES
        yield (
            f"without a declaration that they run without the interpreter's lock (Py_mod_gil): {named}"
            + (f" and {more} more" if more > 0 else "")
            + f"; the first of them switches it on, unless PYTHON_GIL=0: {imported.gil_modules[0]}"
        )


def _failures(imported: ImportResult) -> Iterator[str]:
    for package, why in imported.failures.items():
        yield f"{package} cannot be imported: {why}"


def _remedy(traces: list[ImportTrace]) -> Iterator[str]:
    if traces:
        yield (
            "whoever imports it gets that, too: leave it to the program, or limit threads only while they are in "
            "use (with threadpoolctl.threadpool_limits(...):)"
        )
