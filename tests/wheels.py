"""Builds the package's wheel for tests of it."""

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

BUILD = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"


def can_build() -> bool:
    """setuptools builds wheels by itself from 70.1 on; nothing is fetched for a test."""
    try:
        return tuple(map(int, version("setuptools").split(".")[:2])) >= (70, 1)
    except PackageNotFoundError:
        return False


def built_wheel(checkout: Path, out: Path) -> Path:
    """Build a wheel of a copy of the checkout; a build leaves files in it."""
    if not can_build():
        pytest.skip("setuptools 70.1 or later (extra `test`) is not installed")
    built = subprocess.run(
        [sys.executable, "-c", BUILD, str(out)], cwd=checkout, capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    (wheel,) = out.glob("*.whl")
    return wheel
