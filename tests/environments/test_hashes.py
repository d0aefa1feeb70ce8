"""A requirement's hash is honoured by each tool that installs: what has another one is not installed."""

import hashlib
from pathlib import Path

import pytest

from pytest_multicore.environments import builders
from pytest_multicore.environments.downloads import find_uv
from pytest_multicore.environments.environment import Environment
from pytest_multicore.environments.provision import prepare
from pytest_multicore.errors import EnvironmentUnavailable

from .packages import write_wheel

pytestmark = pytest.mark.usefixtures("offline")
WRONG = "0" * 64


@pytest.fixture(params=["uv", pytest.param("venv and pip", marks=pytest.mark.slow)])
def tool(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param != "uv":
        monkeypatch.setattr(builders, "find_uv", lambda: None)
    else:
        assert find_uv(), "uv is one of the tests' requirements"


@pytest.mark.usefixtures("tool")
@pytest.mark.parametrize("form", ["tiny @ {address}#sha256={digest}", "tiny @ {address} --hash=sha256:{digest}"])
def test_a_file_with_another_hash_is_not_installed(form: str, tmp_path: Path, cache_folder: Path) -> None:
    wheel = write_wheel(tmp_path)
    right = hashlib.sha256(wheel.read_bytes()).hexdigest()

    with pytest.raises(EnvironmentUnavailable, match=r"a file is not the one whose hash 'requires' has") as told:
        prepare(Environment("own", requires=(form.format(address=wheel.as_uri(), digest=WRONG),)))
    assert right in str(told.value), "what was found is told"
    assert list((cache_folder / "environments").iterdir()) == []

    installed = prepare(Environment("own", requires=(form.format(address=wheel.as_uri(), digest=right),)))
    assert (installed.site_packages / "tiny.py").is_file()
