"""When, by which version and of which commit results were made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from pytest_multicore.environments.checkout import checkout_of

if TYPE_CHECKING:
    from pathlib import Path

DISTRIBUTION = "pytest-multicore"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where results come from; reports keep the fields under these names.

    Attributes:
        date: when the session began, in UTC, as ISO 8601 writes it: ``2026-11-29T04:26:01Z``; None in older files.
        version: this plugin's; None where its metadata is missing.
        commit: of the project under test; None where git or a repository is missing.
        clean: whether no tracked file differed from the commit; None where that is unknown.
    """

    date: str | None = None
    version: str | None = None
    commit: str | None = None
    clean: bool | None = None


def origin_now(folder: Path) -> Origin:
    """The origin of results that are made now.

    Args:
        folder: of the project under test.
    """
    checkout = checkout_of(folder)
    try:
        own_version = version(DISTRIBUTION)
    except PackageNotFoundError:
        own_version = None
    date = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Origin(date, own_version, checkout.commit, checkout.clean)


def day_of(origin: Origin) -> str:
    """``2026-11-29``."""
    return "an unknown date" if origin.date is None else origin.date.partition("T")[0]


def origin_in_words(origin: Origin) -> str:
    """``2026-11-29 (1a2b3c4)``; a tree with changes has a + after its commit."""
    if origin.commit is None:
        return day_of(origin)
    return f"{day_of(origin)} ({origin.commit[:7]}{'+' if origin.clean is False else ''})"
