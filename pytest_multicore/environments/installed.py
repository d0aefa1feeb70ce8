"""What is installed in an environment, read from its folders: no process is started, and any Python's will do."""

from __future__ import annotations

from importlib.metadata import distributions
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def installed_in(site_packages: Path) -> list[str]:
    """List the distributions under a site-packages folder as ``name==version``, sorted without regard to case."""
    found = {
        f"{one.metadata['Name']}=={one.version}"
        for one in distributions(path=[str(site_packages)])
        if one.metadata["Name"]
    }
    return sorted(found, key=str.lower)
