"""What the binary of an extension module declares of the interpreter's lock, read from the modules themselves."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interpreters.dialogue import AGENT, interpreters

SOURCE = """
#include <Python.h>
static PyModuleDef_Slot slots[] = {%s{0, NULL}};
static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "%s", .m_size = 0, .m_slots = %s};
PyMODINIT_FUNC PyInit_%s(void) { return %s; }
"""
MODULES = {
    "declares": ("{Py_mod_gil, Py_MOD_GIL_NOT_USED}, ", "slots", "PyModuleDef_Init(&definition)"),
    "needs": ("{Py_mod_gil, Py_MOD_GIL_USED}, ", "slots", "PyModuleDef_Init(&definition)"),
    "silent": ("", "slots", "PyModuleDef_Init(&definition)"),
    "single": ("", "NULL", "PyModule_Create(&definition)"),
}
LOOKING = """
import json, runpy, sys
found = runpy.run_path({path!r})
import declares, needs, silent, single, json as plain
modules = [declares, needs, silent, single, plain, sys]
print(json.dumps([[found["declares"](module) for module in modules], found["switching_on"](str)]))
"""


def python_3_13() -> str:
    for version, python in interpreters().items():
        if version.startswith("3.") and int(version[2:]) >= 13:
            return python
    pytest.skip("no CPython 3.13 or later, the first whose modules declare it")


def test_modules_are_told_by_their_slots(tmp_path: Path) -> None:
    python, compiler = python_3_13(), shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc)")
    said = subprocess.run(
        [
            python,
            "-c",
            "import sysconfig; print(sysconfig.get_path('include'), sysconfig.get_config_var('EXT_SUFFIX'))",
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    include, suffix = said.stdout.split()
    if not (Path(include) / "Python.h").is_file():
        pytest.skip("that Python has no headers")
    for name, (slot, slots, made) in MODULES.items():
        (tmp_path / f"{name}.c").write_text(SOURCE % (slot, name, slots, name, made))
        command = [compiler, "-shared", "-fPIC", f"-I{include}", "-o", f"{name}{suffix}", f"{name}.c"]
        subprocess.run(command, cwd=tmp_path, check=True)
    looking = LOOKING.format(path=str(AGENT / "watch" / "gil_modules.py"))
    told = subprocess.run([python, "-c", looking], cwd=tmp_path, capture_output=True, text=True, check=True)
    declared, switching_on = json.loads(told.stdout)
    assert declared == [True, False, False, None, None, None]
    # Of a build with the lock the free-threaded one is not concluded: Cython leaves the slot out there.
    free_threaded = "t" in subprocess.check_output([python, "-c", "import sys; print(sys.abiflags)"], text=True)
    assert switching_on == (["needs", "silent"] if free_threaded else None)


def test_this_python_is_not_guessed_at() -> None:
    command = [
        sys.executable,
        "-c",
        f"import runpy; f = runpy.run_path({str(AGENT / 'watch' / 'gil_modules.py')!r}); print(f['switching_on'](str))",
    ]
    if "t" not in sys.abiflags:
        assert subprocess.check_output(command, text=True) == "None\n"
