"""The packages in a folder, as their metadata tell, without running an interpreter. Damaged metadata tell nothing."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Iterator
from importlib.metadata import Distribution, PackagePath, distributions
from pathlib import Path


def packages_in(site_packages: Path) -> Iterator[tuple[str, str, Distribution]]:
    """Name, version and metadata of each package that says its name."""
    for package in distributions(path=[str(site_packages)]):
        with contextlib.suppress(ValueError):  # what is not UTF-8
            if name := package.metadata["Name"]:
                yield name, package.version, package


def files_of(package: Distribution) -> list[PackagePath] | None:
    """The files that a package lists, none where it lists none; None where its list cannot be read."""
    try:
        return list(package.files or ())
    except (ValueError, TypeError, csv.Error):  # a line of too many fields is a TypeError
        return None


def installed_packages(site_packages: Path) -> list[str]:
    """List the packages in a site-packages folder as ``name==version``."""
    return sorted({f"{name}=={version}" for name, version, _ in packages_in(site_packages)}, key=str.lower)
