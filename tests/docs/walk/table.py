"""How each page is walked, and which commands are not: what a page's text says, and its blocks do not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PACKAGE = "pytest-multicore"
#: Of the first commit that a page tells of.
TAG = "v1.0"

#: A project as a reader may have one: a module, and a marked test of it.
MODULE = """\
def product(a):
    return a @ a
"""
LIMITED = """\
import threadpoolctl


def product(a):
    with threadpoolctl.threadpool_limits(1):
        return a @ a
"""
TEST = """\
import numpy
import pytest
from work import product


@pytest.fixture
def a():
    return numpy.random.default_rng(0).normal(size=(1000, 1000))


@pytest.mark.multicore{limits}
def test_product(a):
    product(a)
"""
PROJECT = {
    "pyproject.toml": """\
[build-system]
requires = ["setuptools>=69"]
build-backend = "setuptools.build_meta"

[project]
name = "reader"
version = "1"

[tool.setuptools]
py-modules = ["work"]
""",
    "work.py": MODULE,
    "test_product.py": TEST.format(limits="(min_speedup=0.3)"),
}
#: What airspeed velocity's own tutorial has a project hold.
ASV = '{"version": 1, "project": "reader", "repo": ".", "branches": ["main"], "results_dir": "results"}\n'


@dataclass(frozen=True)
class Walk:
    """What a page is walked with, beside what its blocks show.

    Attributes:
        installed: the packages that the page takes for installed; none where its own commands install them.
        imported: the packages that the reader's own files need.
        brought: the reader's own files.
        commits: the project's history, where it is a repository: the files of each commit. The first one is tagged.
        typed_before: commands that come before the page's.
        exported: variables of the reader's shell.
        written_before: what the text tells the reader to change before a command, by its text.
        statuses: with what a command may end, by its text, where that is not 0.
        by_chance: regular expressions of what the page shows and a run need not print.
    """

    installed: tuple[str, ...] = (PACKAGE,)
    imported: tuple[str, ...] = ()
    brought: Mapping[str, str] = field(default_factory=dict)
    commits: tuple[Mapping[str, str], ...] = ()
    typed_before: tuple[str, ...] = ()
    exported: Mapping[str, str] = field(default_factory=dict)
    written_before: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    statuses: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    by_chance: tuple[str, ...] = ()


_GRAM = """\
import numpy
import pytest
import threadpoolctl


@pytest.fixture
def a():
    return numpy.random.default_rng(0).normal(size=(4000, 500))


@pytest.mark.multicore
def test_gram(a):
    with threadpoolctl.threadpool_limits({limit}):
        a.T @ a
"""

WALKS: Mapping[str, Walk] = {
    "README.md": Walk(installed=()),
    "docs/tutorial/first-gate.md": Walk(installed=()),
    "docs/tutorial/keras_2544.md": Walk(installed=()),
    "docs/how-to/against.md": Walk(brought=PROJECT, commits=({},)),
    "docs/how-to/bisect.md": Walk(
        imported=("threadpoolctl",),
        brought=PROJECT,
        commits=({}, {"notes.txt": "a commit that changes nothing\n"}, {"work.py": LIMITED}),
        # The releases of NumPy do not differ here: then nothing is found, and that is the answer.
        statuses={"python -m pytest_multicore bisect test_product.py::test_product numpy 1.26.4..2.4.6": (1,)},
    ),
    "docs/how-to/blas.md": Walk(),
    "docs/how-to/ci.md": Walk(
        installed=(PACKAGE, "pytest-xdist", "asv"),
        brought={**PROJECT, "asv.conf.json": ASV},
        commits=({},),
    ),
    "docs/how-to/doctor.md": Walk(
        exported={"OMP_NUM_THREADS": "1", "PYTEST_MULTICORE_CACHE": "cache"},  # nothing is built yet
        statuses={"pytest --multicore-doctor --multicore-strict --multicore-json=doctor.json": (1,)},
        by_chance=(
            *(r"(?<=machine: ).*", r"(?<=lie on: ).*", r"(?<=permits: ).*", r"(?<=counters: ).*"),
            *(r"^    NUMA node", r"(?<=cached in: ).*", r"(?<=ready; ).*", r"^    OpenBLAS .*", r"^        \(.*"),
        ),
    ),
    "docs/how-to/history.md": Walk(
        commits=({"notes.txt": "what a run is told with is its commit\n"},),
        imported=("threadpoolctl",),
        written_before={
            "pytest --multicore-compare=history.jsonl --multicore-compare-fail=10%": {
                "test_gram.py": _GRAM.format(limit="1")
            },
            "pytest --multicore-json=before.json": {"test_gram.py": _GRAM.format(limit="None")},
            "pytest --multicore-json=after.json": {"test_gram.py": _GRAM.format(limit="1")},
        },
        statuses={
            "python -m pytest_multicore compare before.json after.json": (1,),
            "python -m pytest_multicore compare before.json after.json --fail=10%": (1,),
        },
        # A history of one run has no trend yet, and which further figures have moved is for the machine to say.
        by_chance=(
            *(r"  +[▁-█|]+$", r"^  changed from .*", r"; moved too: .*"),
            r"^  (?:efficiency|CPU inflation|wall time|with it).*",
        ),
    ),
    "docs/how-to/html-report.md": Walk(installed=(), brought=PROJECT),
    "docs/how-to/imports.md": Walk(statuses={"python -m pytest_multicore imports numpy ultra": (1,)}),
    "docs/how-to/jax.md": Walk(),
    "docs/how-to/many-machines.md": Walk(
        brought=PROJECT,
        typed_before=("pytest --multicore-json=a/multicore.json", "pytest --multicore-json=b/multicore.json"),
    ),
    "docs/how-to/matrix.md": Walk(),
    "docs/how-to/numba.md": Walk(),
    "docs/how-to/polars-and-duckdb.md": Walk(),
    "docs/how-to/processes.md": Walk(),
    "docs/how-to/pytest-benchmark.md": Walk(
        installed=(f"{PACKAGE}[benchmark]",),
        by_chance=(r"\((?:NOW|0001_before)\)",),  # the table is sorted by the figures
    ),
    "docs/how-to/scikit-learn.md": Walk(),
    "docs/how-to/torch.md": Walk(),
    "docs/reference/json-report.md": Walk(
        brought={**PROJECT, "test_product.py": TEST.format(limits="(min_cores=1.3, min_speedup=1.2)")},
        typed_before=("pytest --multicore-json=report.json",),
    ),
    "docs/explanation/keras_2544.md": Walk(installed=()),
    "docs/explanation/scaling.md": Walk(),
    "docs/explanation/where-the-cores-went.md": Walk(),
    "CONTRIBUTING.md": Walk(installed=()),
}

_CI = "the checkout's own task, of minutes: .ci/run types it"
_SSH = "needs two more machines, with a login on each"
#: The commands that no test types, by page, each with what it takes.
LEFT_OUT: Mapping[str, Mapping[str, str]] = {
    "README.md": {
        'python3 -m venv .venv && .venv/bin/pip install -e ".[test]" && .venv/bin/pytest': (
            "the suite that this test is part of: .ci/run types it from a clean checkout"
        ),
    },
    "docs/reference/libraries.md": {
        "pytest -m exhaustive tests/libraries": "a part of this suite: it builds 25 environments, in an hour",
    },
    "docs/explanation/keras_2544.md": {
        'pip install ".[environments,profile]" && python examples/fit_today/fit_today.py': (
            "builds seven environments of 20 GB in all, and takes an hour"
        ),
    },
    "docs/how-to/many-machines.md": {
        "pytest --dist=each --tx ssh=alpha --tx ssh=beta --rsyncdir=tests --max-worker-restart=0 "
        '--multicore-json=multicore.json "$PWD/tests"': _SSH,
        "pytest --dist=each --tx ssh=alpha//chdir=checkout --tx ssh=beta//chdir=checkout --max-worker-restart=0 "
        "-m multicore": _SSH,
    },
    "docs/how-to/ci.md": {
        'docker run --rm --cap-add=SYS_NICE --volume="$PWD":/src --workdir=/src python:3.13 sh -c '
        '"pip install -e . pytest-multicore && pytest -m multicore --multicore-strict"': (
            "needs Docker, an image from its registry, and a release"
        ),
    },
    "CONTRIBUTING.md": {
        "python3 -m venv .venv": _CI,
        '.venv/bin/pip install -e ".[test,lint,docs]"': _CI,
        ".venv/bin/pytest -m quick": _CI,
        ".venv/bin/pytest": _CI,
        ".venv/bin/pytest -m slow": _CI,
        ".venv/bin/pytest -m exhaustive": "hours: the suite that this test is part of",
        ".venv/bin/ruff check . && .venv/bin/ruff format --check .": _CI,
        ".venv/bin/mypy": _CI,
        ".venv/bin/sphinx-build -W docs docs/_build": _CI,
        "nox": "the checkout's own tasks, of minutes, each of which .ci/run types",
    },
}
