"""The files of each schema, as released versions wrote them: released_files/KIND-SCHEMA.json.xz.

    python -m tests.reports.released                 before a release: those of the present schemas, written anew

A schema's file is written once more for each release that leaves the schema's number: what a field was missing in then
stays in the history of this repository.
"""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

from pytest_multicore.reports import doctor_record, json_report
from pytest_multicore.reports.history import history_file
from pytest_multicore.reports.history.entry import entry_record
from pytest_multicore.reports.history.report_entries import entries_of_report
from pytest_multicore.reports.json_report import report
from pytest_multicore.reports.origin import Origin

from .literals import MACHINE, unmeasured
from .page_reports import every_kind

FOLDER = Path(__file__).with_name("released_files")
#: The number of each kind's schema, and the schema.
SCHEMAS = {
    "results": (json_report.SCHEMA, json_report.SCHEMA_FILE),
    "doctor": (doctor_record.SCHEMA, doctor_record.SCHEMA_FILE),
    "history": (history_file.SCHEMA, history_file.SCHEMA_FILE),
}
ORIGIN = Origin(date="2026-11-30T00:00:00Z", version="0.1.0", commit="1a2b3c4d5e6f", clean=True)


def stored(kind: str) -> dict[int, Path]:
    """The stored files of a kind, by the number of their schema."""
    return {int(file.name.removeprefix(f"{kind}-").partition(".")[0]): file for file in FOLDER.glob(f"{kind}-*")}


def text_of(file: Path) -> str:
    """What the version wrote."""
    return lzma.decompress(file.read_bytes()).decode("utf-8")


def unpacked(file: Path, folder: Path) -> Path:
    """The file as the version wrote it, in a folder."""
    path = folder / file.with_suffix("").name
    path.write_text(text_of(file), encoding="utf-8")
    return path


def results() -> dict[str, Any]:
    """A report with a result of each kind."""
    measured = [{**one, "evidence": None} for one in every_kind()["results"] if one["rounds"]]
    return report([*measured, unmeasured()], MACHINE, ORIGIN)


def main() -> None:
    """Write the files of the present schemas, and tell of them."""
    from .test_doctor import whole

    FOLDER.mkdir(exist_ok=True)
    text = json.dumps(results())
    plain = FOLDER / "results.json"
    plain.write_text(text, encoding="utf-8")
    entries = "".join(json.dumps(entry_record(one, history_file.SCHEMA)) + "\n" for one in entries_of_report(plain))
    plain.unlink()
    for kind, content in {"results": text, "doctor": json.dumps(whole()), "history": entries}.items():
        number, _ = SCHEMAS[kind]
        file = FOLDER / f"{kind}-{number}.json.xz"
        file.write_bytes(lzma.compress(content.encode("utf-8"), preset=9))
        print(file, file.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
