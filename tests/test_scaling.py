"""A series on real cores: a program whose work is half serial by its making."""

import json

import jsonschema
import psutil
import pytest

from pytest_multicore.reports.json_report import SCHEMA_FILE
from tests.fixture_types import Undecided

#: hashlib lets go of the interpreter's lock.
HALF_SERIAL = """
import hashlib
import os
from concurrent.futures import ThreadPoolExecutor

THREADS = int(os.environ["OMP_NUM_THREADS"])
BLOCK = bytes(12_000_000)
POOL = ThreadPoolExecutor(THREADS)

def hashed(block):
    return hashlib.sha256(block).digest()

def half_serial():
    hashed(BLOCK)
    list(POOL.map(hashed, [BLOCK[: len(BLOCK) // THREADS]] * THREADS))
"""


@pytest.mark.skipif(len(psutil.Process().cpu_affinity()) < 2, reason="on one core there is no law to fit")
def test_the_serial_fraction_of_a_program_that_is_half_serial(pytester: pytest.Pytester, undecided: Undecided) -> None:
    """Cores that are not worth a whole one each, as hyper-threads, make it look more serial than it is.

    At ordinary priority a kernel may leave both threads of so short a region on one core.
    """
    pytester.makepyfile(
        work=HALF_SERIAL,
        test_it="def test_it(multicore):\n    assert multicore.scaling('work:half_serial', threads=[1, 2]).law\n",
    )
    result = pytester.runpytest_subprocess("--multicore-json=report.json", "--multicore-priority=realtime")
    if "the figures have no bounds" in result.stdout.str():
        undecided("the machine was too busy to compare two sides")
    result.assert_outcomes(passed=1)
    result.stdout.re_match_lines(
        [r"scaling: test_it: work:half_serial: .* at 1 thread, .* at 2; serial fraction 0\.\d\d \[.*"]
    )
    report = json.loads((pytester.path / "report.json").read_text())
    jsonschema.validate(report, json.loads(SCHEMA_FILE.read_text()))
    law = report["results"][0]["scaling_law"]
    assert (law["model"], law["threads"], law["tested"]) == ("amdahl", [1, 2], False)
    fraction = law["serial_fraction"]
    assert fraction["low"] <= fraction["estimate"] <= fraction["high"]
    # Were it all split, or not at all, it would be 0 or 1.
    assert 0.3 < fraction["estimate"] < 0.95
