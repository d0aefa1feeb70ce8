"""What a case is: a program that suffers from a cause, with a twin that does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Twin:
    """One of the two sides of a case.

    Attributes:
        workload: "file:function" of programs/, or a built-in experiment.
        arguments: its arguments.
        exported: variables of the world that pytest runs in.
        options: pytest's, beside those of the report.
        limits: the marker's arguments that differ from the case's.
    """

    workload: str
    arguments: Mapping[str, object] = field(default_factory=dict)
    exported: Mapping[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    limits: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Case:
    """One way to suffer from a cause.

    Attributes:
        key: of the cause, which must be named first.
        suffers, healthy: the two sides; a case without a twin says in `note` why.
        limits: the marker's arguments, `threads` and `environment` among them.
        proven: whether a trial can prove it.
        outcome: of the side that suffers.
        needs: what must be there: a module's name, "cc", "debian:FOLDER" (a BLAS of Debian's alternatives), "cgroup",
            "load" (a machine whose average load of 15 minutes is at least a core's), "theano".
        escapes: why the program may meet its limit all the same, on some machines; empty where it may not.
        note: what distinguishes it from other cases of the key; part of the test's name.
        typical: whether it stands for its kind of proof: such a case runs whole sessions in every run of the suite.
    """

    key: str
    suffers: Twin
    healthy: Twin | None
    limits: Mapping[str, object] = field(default_factory=lambda: {"min_speedup": 1.3, "threads": 2})
    proven: bool = True
    outcome: str = "failed"
    needs: tuple[str, ...] = ()
    escapes: str = ""
    note: str = ""
    typical: bool = False

    @property
    def name(self) -> str:
        return f"{self.key} ({self.note})" if self.note else self.key


def twins(file: str, **changed: Twin) -> dict[str, Any]:
    """The functions `suffers` and `healthy` of a file, unless told otherwise."""
    return {"suffers": Twin(f"{file}:suffers"), "healthy": Twin(f"{file}:healthy"), **changed}
