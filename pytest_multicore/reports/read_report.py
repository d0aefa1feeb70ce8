"""JSON reports read from files, which may be anything: what is no report is refused with what to do."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

from pytest_multicore.errors import UsageError

from .json_report import SCHEMA

EXPECTED_FORMAT = "expected a file of --multicore-json"


def read_report(file: Path) -> dict[str, Any]:
    """A report as data. Whether its results hold what the schema says shows when they are used: ``checked``.

    Raises:
        UsageError: says what the file is in place of a report that this version reads.
    """
    try:
        report = parsed(text_of(file.read_bytes()))
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}; {EXPECTED_FORMAT}") from None
    except UnicodeDecodeError as error:
        raise UsageError(
            f"{file} is not a report of pytest-multicore: it is no text in UTF-8 ({error.reason}); {EXPECTED_FORMAT}"
        ) from None
    except ValueError:
        raise UsageError(f"{file} is not a report of pytest-multicore: it is no JSON; {EXPECTED_FORMAT}") from None
    schema = report.get("schema") if isinstance(report, dict) else None
    if type(schema) is not int:
        raise UsageError(f"{file} is not a report of pytest-multicore; {EXPECTED_FORMAT}")
    if schema != SCHEMA:
        newer = "; a newer version of pytest-multicore wrote it: install that" if schema > SCHEMA else ""
        raise UsageError(f"{file}: a report of schema {schema}; this version reads schema {SCHEMA}{newer}")
    machine, results = report.get("machine"), report.get("results")
    if not (isinstance(machine, dict) and isinstance(results, list) and all(isinstance(one, dict) for one in results)):
        raise UsageError(
            f"{file} is not a report of pytest-multicore: its machine and each of its results must be objects; "
            f"{EXPECTED_FORMAT}"
        )
    found: dict[str, Any] = report
    return found


def text_of(data: bytes, errors: str = "strict") -> str:
    """The text of a file in UTF-8, which editors may begin with a mark of that.

    Args:
        data: the file's.
        errors: of ``bytes.decode``.

    Raises:
        UnicodeDecodeError: it is in another encoding.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise UnicodeDecodeError("utf-8", data, 0, 2, "it begins as UTF-16 does: save it as UTF-8")
    return data.decode("utf-8-sig", errors)


def parsed(text: str) -> Any:
    """What text says as JSON, of which a number beyond a float is none: it would be written as Infinity.

    Raises:
        ValueError: it is no JSON.
    """
    try:
        return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text[:20]} is beyond what a float holds")
    return number


def _whole(text: str) -> int:
    _finite(text)
    return int(text)


@contextmanager
def checked(file: Path, which: str = "a result") -> Iterator[None]:
    """Say of which file it is, and which of its results, when they do not hold what the schema says.

    Raises:
        UsageError: in place of what comes of a missing field, or a wrong type.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise UsageError(
            f"{file}: {which} does not hold what schema {SCHEMA} says ({type(error).__name__}: {error}); "
            f"{EXPECTED_FORMAT} as this version writes it"
        ) from None
