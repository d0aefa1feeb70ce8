"""What is noted when a session starts. Loaded where its results are kept in a file."""

from __future__ import annotations

import pytest

from pytest_multicore.reports.origin import origin_now

from .stash import ORIGIN


def note_origin(config: pytest.Config) -> None:
    """When the session started, and which commit of the project is checked out."""
    config.stash[ORIGIN] = origin_now(config.rootpath)
