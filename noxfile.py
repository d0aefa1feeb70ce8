"""The tasks of this repository by name: ``nox --list`` shows them, ``nox -s quick`` runs one.

Each runs in an environment of its own that holds the extras of setup.cfg which it needs, and nothing else. What follows
``--`` on the command line goes to the tool: ``nox -s quick -- -x -k stopping``.
"""

import nox

nox.needs_version = ">=2024.3.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "types", "quick"]


def installed(session: nox.Session, *extras: str) -> None:
    """Install the package as it stands in the checkout, with these extras."""
    session.install("--editable", f".[{','.join(extras)}]")


@nox.session
def quick(session: nox.Session) -> None:
    """Run the tests that take less than a minute: pure parts, the agent on one Python, one measured test."""
    installed(session, "test")
    session.run("pytest", "-m", "quick", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run the tests as a bare `pytest` does."""
    installed(session, "test")
    session.run("pytest", *session.posargs)


@nox.session
def exhaustive(session: nox.Session) -> None:
    """Run all tests, those of the full matrix and of reported programs too."""
    installed(session, "test", "reported")
    session.run("pytest", "-m", "exhaustive or not exhaustive", *session.posargs)


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
@nox.parametrize("pytest", ["8.4.0", "newest"])
def versions(session: nox.Session, pytest: str) -> None:
    """Run the quick tests, and sessions of each kind, on the Pythons and with the oldest and newest pytest allowed."""
    installed(session, "test")
    if pytest != "newest":
        session.install(f"pytest=={pytest}")
    session.run("pytest", "-m", "quick", *session.posargs)
    session.run("pytest", "-m", "slow", "tests/test_each_version.py")
    sessions = ("test_options_and_markers", "test_marked_tests", "test_other_plugins")
    session.run("pytest", *(f"tests/{name}.py" for name in sessions))


@nox.session(name="benchmark-versions")
@nox.parametrize(("benchmark", "pytest"), [("4.0.0", "8.4.0"), ("5.0.0", "8.4.0"), ("newest", "newest")])
def benchmark_versions(session: nox.Session, benchmark: str, pytest: str) -> None:
    """Run the sessions with pytest-benchmark's fixture on its version 4, and the oldest and newest 5."""
    installed(session, "test")
    pinned = {"pytest-benchmark[aspect]": benchmark, "pytest": pytest}
    if exact := [f"{name}=={version}" for name, version in pinned.items() if version != "newest"]:
        session.install(*exact)
    session.run("pytest", "tests/benchmark", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check the code's rules and its form; changes nothing."""
    session.install("ruff>=0.15")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")


@nox.session
def types(session: nox.Session) -> None:
    """Check the types of the package, the tests, the benchmarks and the scripts."""
    installed(session, "test", "lint")
    session.run("mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation into docs/_build; a warning is an error."""
    installed(session, "docs")
    session.run("sphinx-build", "-W", "docs", "docs/_build")


@nox.session
def build(session: nox.Session) -> None:
    """Build the source distribution and the wheel into dist/, and check how the index would show them."""
    session.install("build>=1.2", "twine>=6")
    session.run("python", "scripts/check_wheel.py", "--no-install", *session.posargs)


@nox.session(name="release-check")
def release_check(session: nox.Session) -> None:
    """Build as for a release, install the wheel in a new environment, and run a gate from there."""
    session.install("build>=1.2", "twine>=6")
    session.run("python", "scripts/check_wheel.py", *session.posargs)
