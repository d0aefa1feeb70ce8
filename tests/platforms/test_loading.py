"""Every module loads on every system: one that does not would end the session of whoever has one marked test there."""

import json
from pathlib import Path

import pytest

import pytest_multicore

from .forced import ABSENT, LACKING
from .start import SYSTEMS, run_on

HOUSE = Path(pytest_multicore.__file__).parent
AGENT = HOUSE / "interpreters" / "agent"
#: What a program of the agent imports is installed in the environments that run it.
NEEDED_BY_WORKLOADS = {"jax", "keras", "numpy", "pytensor", "sklearn", "tensorflow", "theano", "torch"}

LOAD = """
import importlib, importlib.util, json, sys
house, modules, programs = json.loads(sys.argv[1])
sys.argv = ["program", "0", "0"]  # programs that are run by path read numbers there
failed = {}
for name in modules:
    try:
        importlib.import_module(name)
    except Exception as error:
        failed[name] = repr(error)
for file in programs:
    spec = importlib.util.spec_from_file_location("loaded", file)
    try:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    except ModuleNotFoundError as error:
        failed[file] = error.name
    except Exception as error:
        failed[file] = repr(error)
print(json.dumps([sys.platform, len(modules) + len(programs), failed]))
"""

HAS = """
import importlib, json, os, pathlib, sys
found = []
for module, names in json.loads(sys.argv[1]).items():
    loaded = importlib.import_module(module)
    found += [f"{module}.{name}" for name in names if hasattr(loaded, name)]
for name in json.loads(sys.argv[2]):
    try:
        importlib.import_module(name)
    except ImportError:
        continue
    found.append(name)
shown = [place for place in ("/proc/self/status", "/sys/devices") if os.path.exists(place)]
try:
    pathlib.Path("/proc/self/status").read_text()
    shown.append("read")
except FileNotFoundError:
    pass
print(json.dumps(found + shown))
"""


def modules() -> list[str]:
    files = [file for file in HOUSE.rglob("*.py") if AGENT not in file.parents and file.stem != "__main__"]
    parts = [file.relative_to(HOUSE.parent).with_suffix("").parts for file in files]
    return sorted(".".join(one).removesuffix(".__init__") for one in parts)


def programs() -> list[str]:
    """The agent's files, but the one that runs it; and what runs by path."""
    return sorted(str(file) for file in AGENT.rglob("*.py") if file.name != "runner.py")


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_the_system_lacks_is_not_there(system: str, tmp_path: Path) -> None:
    """The forced system itself: else the tests that follow would show nothing."""
    names = {
        module: [name for name in text.split() if not name.endswith("*")] for module, text in LACKING[system].items()
    }
    ended = run_on(system, tmp_path, "-c", HAS, json.dumps(names), json.dumps(ABSENT[system].split()))
    assert json.loads(ended.stdout) == [], ended.stdout


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_module_loads(system: str, tmp_path: Path) -> None:
    told = json.dumps([str(HOUSE), modules(), programs()])
    ended = run_on(system, tmp_path, "-c", LOAD, told)
    platform, count, failed = json.loads(ended.stdout.splitlines()[-1])
    assert (platform, count) == (system, len(modules()) + len(programs()))
    assert count > 250, "the search finds nothing at all"
    assert {name: why for name, why in failed.items() if why not in NEEDED_BY_WORKLOADS} == {}
