import os
from collections.abc import Iterator

import platformdirs
import pytest

pytest_plugins = ["pytester"]

# pytester gives each test a home folder of its own: without this every test would build Theano's environment anew.
os.environ.setdefault("PYTEST_MULTICORE_CACHE", str(platformdirs.user_cache_path("pytest-multicore")))


@pytest.fixture(autouse=True)
def not_within_a_measuring_session() -> Iterator[None]:
    """Sessions that tests start take turns of their own; an inner one in this very process must not say otherwise."""
    os.environ.pop("PYTEST_MULTICORE_HOLDER", None)
    yield
    os.environ.pop("PYTEST_MULTICORE_HOLDER", None)
