"""Check what a release hands out: build it, look into the wheel, and measure with it from a new environment.

``python scripts/check_wheel.py`` leaves the source distribution and the wheel in dist/. It needs `build` and `twine`,
and an index that has the dependencies. ``--no-install`` ends after the look into the wheel.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "pytest_multicore"

#: What of the package's folder is part of it: its code, the library that records BLAS calls, the report's schema and
#: its page's templates.
SUFFIXES = {".py", ".c", ".json", ".html", ".css"}
MARKER_OF_TYPES = "py.typed"
#: What the installer and pytest read beside it.
METADATA = {"METADATA", "RECORD", "WHEEL", "entry_points.txt"}
ENTRY_POINT = f"multicore = {PACKAGE}.plugin"

#: A gate that holds on every machine: a product that may use one thread keeps half a core busy.
GATE = """
import numpy
import pytest


@pytest.mark.multicore(min_cores=0.5, threads=1)
def test_a_product_keeps_a_core_busy():
    factor = numpy.ones((500, 500))
    product = factor @ factor
    assert product[0, 0] == 500
"""
#: What would have the new environment look at the checkout, or at this run's options.
NOT_INHERITED = ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "PYTEST_ADDOPTS", "PYTEST_PLUGINS")


class CheckError(Exception):
    """A release of this would hand out something wrong."""


def package_files(root: Path = ROOT) -> set[str]:
    """The files of the package in a checkout, as a wheel names them."""
    files = (file for file in (root / PACKAGE).rglob("*") if file.is_file() and "__pycache__" not in file.parts)
    return {
        file.relative_to(root).as_posix() for file in files if file.suffix in SUFFIXES or file.name == MARKER_OF_TYPES
    }


def faults(wheel: Path, expected: set[str]) -> Iterator[str]:
    """What a wheel lacks or should not hold, a sentence each.

    Args:
        wheel: the file.
        expected: the files of the package that it has to hold, and no others.
    """
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        beside = {name: name.partition("/")[2] for name in names if name.partition("/")[0].endswith(".dist-info")}
        entry_points = "".join(
            archive.read(name).decode() for name, inner in beside.items() if inner == "entry_points.txt"
        )
    held = names - beside.keys()
    yield from (f"{name} is missing" for name in sorted(expected - held))
    yield from (f"{name} does not belong there" for name in sorted(held - expected))
    yield from (f"{name} is missing from the metadata" for name in sorted(METADATA - set(beside.values())))
    if not any(inner.endswith("LICENSE") for inner in beside.values()):
        yield "the licence is missing"
    if ENTRY_POINT not in entry_points.splitlines():
        yield f"pytest would not find the plugin: no entry point says {ENTRY_POINT!r}"


def run(*command: str | Path, cwd: Path = ROOT, environ: dict[str, str] | None = None) -> None:
    """Run a command that has to succeed; its output is shown."""
    print("$", *command, flush=True)
    if ended := subprocess.run(command, cwd=cwd, env=environ, check=False).returncode:
        raise CheckError(f"exit status {ended}: {' '.join(map(str, command))}")


def built(folder: Path) -> Path:
    """Build the source distribution, and the wheel from that; returns the wheel. Earlier ones are removed."""
    for earlier in [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]:
        earlier.unlink()
    run(sys.executable, "-m", "build", "--outdir", folder)
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, source)
    return wheel


def look_into(wheel: Path) -> None:
    """Fail with all that is wrong with a wheel's contents."""
    expected = package_files()
    if found := list(faults(wheel, expected)):
        raise CheckError("\n".join([f"{wheel.name}:", *found]))
    print(f"{wheel.name} holds the {len(expected)} files of the package, its metadata, and nothing else")


def measure_with(wheel: Path) -> None:
    """Install a wheel in a new environment, and measure from there, in a folder that has never seen the checkout."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        venv.create(folder / "venv", with_pip=True)
        programs = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
        environ = {name: value for name, value in os.environ.items() if name not in NOT_INHERITED}
        environ["PYTEST_MULTICORE_CACHE"] = str(folder / "cache")
        (folder / "test_gate.py").write_text(GATE)
        run(programs / "python", "-m", "pip", "install", "--quiet", wheel.resolve(), cwd=folder, environ=environ)
        run(programs / "pytest", "--multicore-json=report.json", "test_gate.py", cwd=folder, environ=environ)
        check_report(folder / "report.json")
        run(programs / "pytest", "--multicore-doctor", cwd=folder, environ=environ)


def check_report(file: Path) -> None:
    """The gate has to have passed on rounds: a skipped test ends a session well too."""
    results = json.loads(file.read_text(encoding="utf-8"))["results"]
    if [result["outcome"] for result in results] != ["passed"]:
        reasons = "; ".join(result["reason"] for result in results)
        raise CheckError(f"the gate did not pass: {reasons or 'it was not measured'}")


def main(arguments: Iterable[str] | None = None) -> int:
    """Check, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outdir", type=Path, default=ROOT / "dist", help="where the two files go")
    parser.add_argument("--no-install", action="store_true", help="end after the look into the wheel")
    options = parser.parse_args(None if arguments is None else list(arguments))
    try:
        wheel = built(options.outdir.resolve())
        look_into(wheel)
        if not options.no_install:
            measure_with(wheel)
    except CheckError as error:
        print(error, file=sys.stderr)
        return 1
    print("all checks passed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
