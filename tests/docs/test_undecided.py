"""Every message of an undecided test is on its page, in the words that the test says."""

import json
import re
from dataclasses import replace

import pytest

from pytest_multicore.reports.json_report import SCHEMA_FILE
from pytest_multicore.verdicts.judge import judgement
from pytest_multicore.verdicts.limits import Limits, OpenReason, leave_open, why_unreachable
from pytest_multicore.verdicts.open_reasons import OpenMeasurement, why_inconclusive
from tests.rounds import rows

from .pages import code_blocks, rows_of, says, sections, text_of

PAGE = text_of("how-to/undecided")
PARTS = sections(PAGE)
OPEN, NEVER = PARTS["Measured, and still open"], PARTS["Never measured"]


def key_of(reason: OpenReason) -> str:
    return reason.name.lower().replace("_", "-")


def message(reason: OpenReason) -> str:
    """What a test would say that is left open for a reason."""
    taken = rows(8 if reason is OpenReason.FEW_ROWS else 20, 1.0, slowed_to=0.6)
    found = judgement(Limits(min_speedup=1.5), taken, 0.99)
    open_ = replace(found, verdicts=(leave_open(found.verdicts[0], reason),))
    return why_inconclusive(OpenMeasurement(taken, open_, 10.0, 60.0, 0.99, [("stress (process 7)", 0.98)]))


TABLE = {key.strip("`"): (words.strip("`"), link) for words, key, link in rows_of(OPEN)[1:]}


def test_every_reason_has_its_row_and_no_other_is_there() -> None:
    assert TABLE.keys() == {key_of(reason) for reason in OpenReason}
    schema = json.loads(SCHEMA_FILE.read_text())
    assert TABLE.keys() == set(schema["$defs"]["verdict"]["properties"]["open_reason"]["enum"]) - {None}


@pytest.mark.parametrize("reason", OpenReason, ids=key_of)
def test_its_words_are_those_of_the_message(reason: OpenReason) -> None:
    words, link = TABLE[key_of(reason)]
    assert says(message(reason), words), message(reason)
    title = link.removeprefix("[").partition("]")[0]
    assert link == f"[{title}](#{re.sub(r'[^a-z-]', '', title.lower().replace(' ', '-'))})"
    (template,) = code_blocks(sections(OPEN, 3)[title], "text")
    assert says(message(reason), template), message(reason)


@pytest.mark.parametrize("reason", OpenReason, ids=key_of)
def test_its_words_are_no_other_reasons(reason: OpenReason) -> None:
    others = [key for key, (words, _) in TABLE.items() if key != key_of(reason) and says(message(reason), words)]
    # What the machine attains is told beside the interval, too.
    assert set(others) <= {"machine"} if reason is OpenReason.NEAR else others == []


UNREACHABLE = [
    (Limits(min_cores=4), 2, 2, None, 2),
    (Limits(min_speedup=3), 2.5, 2, 1, 4),
    (Limits(max_speedup=2.0), 2, 2, 1, 2),
    (Limits(max_cores=1.5), 1, 1, None, 64),
    (Limits(min_efficiency=0.8), 1, 1, 1, 1),
]


#: What is no matter of limits: an environment that is missing, and a machine that is held, or lacks something.
OTHERWISE = ("cannot be had", "not measured: another pytest", "not measured: …", "not measured: this system")


def test_what_is_never_measured_has_its_row() -> None:
    templates = [row[0].strip("`") for row in rows_of(NEVER)[1:]]
    assert len(templates) == len(UNREACHABLE) + len(OTHERWISE)
    used = []
    for limits, granted, threads, baseline, online in UNREACHABLE:
        why = why_unreachable(limits, granted, threads, baseline, online)
        assert why
        (template,) = (one for one in templates if re.match(re.escape(one).replace("…", r"\S+"), why.reason))
        used.append(template)
    assert sorted(used) == sorted(one for one in templates if not one.startswith(OTHERWISE))
