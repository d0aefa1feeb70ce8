import os
import signal
from collections.abc import Iterator

import platformdirs
import pytest

pytest_plugins = ["pytester"]

SERIAL = "sum(i * i for i in range(20000))"

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell that runs the tests in its background has all of their processes ignore Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where nobody may write bytecode each of the hundreds of sessions that tests start compiles the package: 0.6 s.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# pytester gives each test a home folder of its own: without this every test would build Theano's environment anew.
os.environ.setdefault("PYTEST_MULTICORE_CACHE", str(platformdirs.user_cache_path("pytest-multicore")))


@pytest.fixture(autouse=True)
def not_within_a_measuring_session() -> Iterator[None]:
    """Sessions that tests start take turns of their own; an inner one in this very process must not say otherwise."""
    os.environ.pop("PYTEST_MULTICORE_HOLDER", None)
    yield
    os.environ.pop("PYTEST_MULTICORE_HOLDER", None)


@pytest.fixture(autouse=True)
def unexplained(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Finding out why takes seconds; tests of that ask for it, others do without."""
    if not request.node.get_closest_marker("explained"):
        monkeypatch.setenv("PYTEST_ADDOPTS", "--multicore-explain=never")


@pytest.fixture
def run(pytester: pytest.Pytester):  # type: ignore[no-untyped-def]
    """Run one test module; a serial test meets the marker ``gated`` in it and misses the marker ``missed``."""

    def run(source: str, *options: str, **files: str) -> pytest.RunResult:
        head = (
            "import pytest\n"
            "gated = pytest.mark.multicore(min_cores=0.5, threads=1)\n"
            "missed = pytest.mark.multicore(min_cores=1.5)\n"
            f"def work(): return {SERIAL}\n"
        )
        pytester.makepyfile(test_it=head + source, **files)
        return pytester.runpytest_subprocess("-p", "no:randomly", *options)

    return run
