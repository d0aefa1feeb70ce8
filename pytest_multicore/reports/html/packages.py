"""What the HTML report needs beside the plugin: the extra ``report``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

#: Packages, by the names under which they are imported and installed.
NEEDED_PACKAGES = ("jinja2", "matplotlib")


def absent_packages(needed: Sequence[str] = NEEDED_PACKAGES) -> list[str]:
    """Those that are not installed. Nothing is imported."""
    return [name for name in needed if find_spec(name) is None]


def advice(absent: Sequence[str]) -> str:
    """What to install for them."""
    return f"needs {' and '.join(absent)}: pip install pytest-multicore[report]"
