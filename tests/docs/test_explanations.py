"""What the explanations say of the code: rooms and files that exist, constants as they are, figures as made."""

import re

from pytest_multicore.environments.cache import BUILD_INFIX
from pytest_multicore.interpreters import log, priority, process, process_tree
from pytest_multicore.measurement import flock_turns
from pytest_multicore.rounds import tolerances
from pytest_multicore.settings.options import OPTIONS
from tests.test_house import HOUSE, ORDER

from .pages import ROOT, rows_of, sections, text_of

ARCHITECTURE, SAFETY = text_of("explanation/architecture"), text_of("explanation/safety")


def test_the_house_has_the_rooms_of_the_test_that_keeps_it() -> None:
    rooms = [row[0].strip("`").rstrip("/").removesuffix(".py") for row in rows_of(sections(ARCHITECTURE)["The rooms"])]
    agents = [file.name for file in (HOUSE / "interpreters" / "agent").iterdir() if any(file.glob("*.py"))]
    assert rooms[1 : len(ORDER)] == [name for name in ORDER if name != "__main__"]
    assert sorted(rooms[len(ORDER) + 1 :]) == sorted(agents)


def test_the_page_is_short_and_so_is_the_walk() -> None:
    assert ARCHITECTURE.count("\n") <= 130
    hops = re.findall(r"^(\d+)\. ", sections(ARCHITECTURE)["The walk of one marked test"], re.MULTILINE)
    assert hops == [str(number) for number in range(1, len(hops) + 1)]
    assert 10 < len(hops) <= 20


def test_every_file_that_it_names_is_there() -> None:
    named = set(re.findall(r"`([\w/]+\.py)`", ARCHITECTURE))
    files = [str(file) for folder in (HOUSE, ROOT / "tests") for file in folder.rglob("*.py")]
    assert len(named) > 20
    assert [name for name in named if not any(file.endswith("/" + name) for file in files)] == []


def test_safety_tells_the_constants_as_they_are() -> None:
    assert f"**Nice {priority.HIGHEST_NICE}.**" in SAFETY
    assert f"at its lowest priority, {priority.REAL_TIME_PRIORITY}." in SAFETY
    assert f"over {tolerances.MAX_DISTURBANCE_SHARE:.0%}".replace("%", " %") in SAFETY
    assert (tolerances.MIN_ROUNDS_WITH_WAITS, tolerances.TRIAL_ROWS, tolerances.MAX_TRIALS) == (3, 3, 3)
    assert f"after {process.CLOSE_TIMEOUT_S:g} s its group is killed" in SAFETY
    assert f"about {tolerances.ROUND_S * 1000:g} ms" in SAFETY
    assert f"{log.MAX_LOG_BYTES >> 20} MB at most" in SAFETY
    assert f"`{process_tree.MARK}`" in SAFETY
    assert f"`{BUILD_INFIX}`" in SAFETY
    assert len(flock_turns.LOCK_NAMES) == 2
    flags = set(re.findall(r"--multicore-[a-z]+", SAFETY))
    assert flags
    assert flags <= {option.flag for option in OPTIONS}


def test_the_comparison_has_no_figure_of_its_own() -> None:
    """All of them are in the tables that benchmarks/ makes."""
    made = [row for row in rows_of(text_of("explanation/verdicts")) if len(row) > 3]
    told = rows_of(sections(text_of("explanation/compared"))["Asking a benchmark's tool about threads"])
    figures = [tuple(row[1:]) for row in told if row[-1].isdigit()]
    verdicts = [(row[0], *row[2:]) for row in told if row[1] in ("ordinary", "raised")]
    assert (len(figures), len(verdicts)) == (3, 6)
    assert set(figures) <= {tuple(row[1:]) for row in made}
    assert set(verdicts) <= {(row[0], *row[2:6]) for row in made}
