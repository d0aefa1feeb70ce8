"""What collecting the tests changed in pytest itself, by whose import: told, and kept from measured interpreters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_multicore.errors import MulticoreError
from pytest_multicore.interpreters.prepared_environment import PreparedEnvironment
from pytest_multicore.measurement.host_lock import host_lock
from pytest_multicore.settings.world_at_start import WORLD, CollectionChange

if TYPE_CHECKING:
    from pytest_multicore.interpreters.import_traces import ImportTrace

#: By the names of the modules that were imported, in their order.
_known_traces: dict[tuple[str, ...], tuple[ImportTrace, ...]] = {}


def collection_changes(facts: Mapping[str, Any], report: Callable[[str], None]) -> tuple[Mapping[str, Any], ...]:
    """Each change as data: by, module, what, before, after.

    The module that did it is known from a measured interpreter that made the same change, or from one that imports
    what the collection has imported.

    Args:
        facts: what the contender's interpreter said of itself.
        report: where a wait for the host's turn is reported.
    """
    noted = facts.get("start_changes") or ()
    told = []
    for change in WORLD.changes:
        before, after = _plain(change.before), _plain(change.after)
        same = (one["module"] for one in noted if one["what"] == change.what and one["after"] == after)
        module = next(filter(None, same), "") or _module_of(change, report)
        if module == Path(change.by.partition("::")[0]).stem:
            module = ""  # the test module itself
        entry = {"by": _relative(change.by), "module": module or None, "what": change.what}
        told.append({**entry, "before": before, "after": after})
    return tuple(told)


def collection_notes(changes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The changes in words."""
    for change in changes:
        module, what, before, after = (change[name] for name in ("module", "what", "before", "after"))
        by = f"collecting {change['by']}{f', which imports `{module}`,' if module else ''}"
        if what == "affinity":
            yield (
                f"{by} changed the affinity of pytest itself from {_cpus(before)} to {_cpus(after)}: "
                f"measured interpreters start with {_cpus(before)}"
            )
            continue
        name = what.removeprefix("variable ")
        did = f"set {name}={after}" if after is not None else f"removed {name}"
        start = f"with {name}={before}" if before is not None else "without it"
        yield f"{by} {did} in pytest itself: measured interpreters start {start}"


def _module_of(change: CollectionChange, report: Callable[[str], None]) -> str:
    names = tuple(dict.fromkeys(name.partition(".")[0] for name in change.modules))
    traces = [trace for trace in _traces(names, report) if trace.what == change.what]
    return next((trace.module or trace.package for trace in traces if trace.after == _plain(change.after)), "")


def _traces(names: tuple[str, ...], report: Callable[[str], None]) -> tuple[ImportTrace, ...]:
    """What these imports change in an interpreter of their own, tried once; nothing where that can't be found out."""
    if names and names not in _known_traces:
        from pytest_multicore.interpreters.import_traces import import_in_bare_interpreter

        try:
            with host_lock().exclusive(report):
                current = PreparedEnvironment.prepare("current", None, None, Path.cwd(), report)
                _known_traces[names] = import_in_bare_interpreter(current, names).traces
        except MulticoreError:
            _known_traces[names] = ()
    return _known_traces.get(names, ())


def _plain(state: Any) -> Any:
    return sorted(state) if isinstance(state, frozenset) else state


def _cpus(cpus: list[int] | None) -> str:
    count = len(cpus or ())
    return f"{count} CPU{'' if count == 1 else 's'}"


def _relative(path: str) -> str:
    """A file below the working folder by its short name."""
    return os.path.relpath(path) if os.path.isabs(path) and Path(path).is_relative_to(Path.cwd()) else path
