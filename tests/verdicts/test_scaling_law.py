"""Series whose law is known: what is found of it, how surely, and what is said where no law holds."""

import math
import random
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_multicore.verdicts import figures, usl
from pytest_multicore.verdicts.scaling_law import Law, Model, fit, serial_fraction
from pytest_multicore.verdicts.statistics import Interval
from tests.rounds import look, made

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

from scaling_laws import drawn, hindered, law_of, time_of, wrong_bounds  # noqa: E402

#: A number give or take a millionth of it, in a place whose type is float.
about: Any = pytest.approx

HALF = (0.5, 0.0)
HINDERED = (0.05, 0.01)


def law(truth: usl.Point, counts: Sequence[int], s: float = 0.0, seed: int = 0, cores: float = math.inf) -> Law:
    """Of 30 rows."""
    return law_of(drawn(truth, counts, 30, s, seed), counts, cores=cores)


def holds(interval: Interval | None, value: float) -> bool:
    return interval is not None and interval.low - 1e-9 <= value <= interval.high + 1e-9


def estimate(interval: Interval | None) -> float:
    assert interval is not None
    return interval.estimate


@pytest.mark.parametrize(("first", "threads"), [(1, 2), (1, 64), (2, 4), (3, 7)])
@pytest.mark.parametrize("share", [0.0, 0.03, 0.5, 1.0])
def test_a_speedup_gives_its_serial_fraction(share: float, first: int, threads: int) -> None:
    speedup = time_of((share, 0), first) / time_of((share, 0), threads)
    assert serial_fraction(speedup, threads, first) == pytest.approx(share, abs=1e-12)


def test_beyond_what_the_law_can_give() -> None:
    assert serial_fraction(2.1, 2) < 0
    assert serial_fraction(0.9, 2) > 1
    assert serial_fraction(0.5, 4, 2) == math.inf, "4 threads take twice the time of 2: no fraction comes near"


@pytest.mark.parametrize("counts", [[1, 2], [1, 2, 4, 8], [2, 4, 8]])
def test_a_bound_is_rarely_wrong_however_often_one_looks(counts: list[int]) -> None:
    """At 0.9 a side: at most 10 % of 200 runs, looked at after each fourth row; 16 % is three deviations above."""
    low, high, _ = wrong_bounds(0.3, counts, 0.05, 0.9, 200)
    assert max(low, high) <= 0.16
    assert max(low, high) > 0, "noise that never errs tests nothing"


def test_the_serial_fraction_is_bounded_closely() -> None:
    found = law((0.4, 0), [1, 2, 4, 8], 0.03)
    assert found.model is Model.AMDAHL
    assert found.tested
    assert found.reason == ""
    assert found.serial_fraction is not None
    assert found.fractions[8].confidence == pytest.approx(1 - 0.01 / 3), "each of three has its share of the error"
    assert 0.36 < found.serial_fraction.low <= found.serial_fraction.estimate <= found.serial_fraction.high < 0.44
    assert found.coherence is found.peak_threads is None


def test_each_count_shows_a_fraction_of_its_own() -> None:
    """Karp and Flatt's: it grows where threads hinder each other, also where the law is not refused yet."""
    found = law((0.1, 0.02), [1, 2, 4])
    shown = {count: one.estimate for count, one in found.fractions.items()}
    assert shown == {2: pytest.approx(0.1 + 2 * 0.02), 4: pytest.approx(0.1 + 4 * 0.02)}


def test_two_counts_do_not_test_the_law() -> None:
    found = law(HALF, [1, 2], 0.03)
    assert found.model is Model.AMDAHL
    assert not found.tested
    assert holds(found.serial_fraction, 0.5)


@pytest.mark.parametrize("counts", [[1, 2, 4, 8, 16], [2, 4, 8, 16]])
def test_contention_refuses_amdahl_and_is_measured(counts: list[int]) -> None:
    """All bounds together at 0.98; 6 of 60 are four deviations above."""
    wrong = 0
    for seed in range(60):
        found = law(HINDERED, counts, 0.03, seed)
        assert found.model is Model.USL
        assert found.tested
        assert estimate(found.coherence) == pytest.approx(0.01, abs=0.004)
        (ahead,) = found.predictions
        truth = time_of(HINDERED, counts[0]) / time_of(HINDERED, 32)
        right = [
            holds(found.serial_fraction, 0.05),
            holds(found.coherence, 0.01),
            holds(found.peak_threads, math.sqrt(0.95 / 0.01)),
            holds(ahead.speedup, truth),
        ]
        wrong += not all(right)
    assert wrong <= 6


def test_without_noise_the_parameters_are_exact() -> None:
    found = law(HINDERED, [1, 2, 4, 8, 16])
    assert estimate(found.serial_fraction) == pytest.approx(0.05)
    assert estimate(found.coherence) == pytest.approx(0.01)
    assert estimate(found.peak_threads) == pytest.approx(math.sqrt(95))
    assert found.reason == "the serial fraction grows with the threads, at most 0.07 at 2, at least 0.21 at 16"


def test_a_peak_beyond_the_data_is_not_told() -> None:
    near, far = law((0.05, 0.002), [1, 2, 4, 8, 16]), law((0.05, 0.0005), [1, 2, 4, 8, 16])
    assert near.peak_threads is not None
    assert near.peak_threads.estimate == pytest.approx(math.sqrt(0.95 / 0.002))
    assert (far.model, far.peak_threads) == (Model.USL, None), "44 threads, and 16 were measured"
    noisy = law((0.05, 0.002), [1, 2, 4, 8, 16], 0.03)
    assert noisy.peak_threads is not None
    assert noisy.peak_threads.high == math.inf


def test_too_few_counts_for_the_other_law() -> None:
    found = law((0.05, 0.05), [1, 2, 4])
    assert (found.model, found.serial_fraction, found.predictions) == (Model.NONE, None, ())
    assert "grows with the threads" in found.reason


def test_threads_that_make_it_slower() -> None:
    found = law((0.5, 0.4), [1, 2])
    assert found.model is Model.NONE
    assert found.reason == "2 threads are slower than fewer"


def test_a_serial_part_that_shrinks_follows_neither_law() -> None:
    """A library that stays on one thread below four, say."""
    found = law_of([[1.0] * 20, [1.3] * 20, [3.9] * 20, [7.5] * 20], [1, 2, 4, 8])
    assert found.model is Model.NONE
    assert "shrinks with the threads" in found.reason


def test_superlinear_speedups_are_taken_for_linear_ones_and_told() -> None:
    found = law_of([[1.0] * 20, [2.1] * 20, [4.0] * 20], [1, 2, 4])
    assert found.superlinear == (2,)
    assert found.model is Model.AMDAHL
    assert found.serial_fraction == Interval(0.0, 0.0, 0.0, 0.99)
    assert found.fractions[2].high < 0
    assert [one.speedup.estimate for one in found.predictions] == [8.0]


def test_no_law_without_two_counts_or_bounds() -> None:
    def unbounded(_: int, each: float) -> Interval:
        return Interval(-math.inf, 1.5, math.inf, each)

    def bounded(_: int, each: float) -> Interval:
        return Interval(1.4, 1.5, 1.6, each)

    assert fit([1], bounded, 0.99) is None
    assert fit([1, 2], unbounded, 0.99) is None
    assert fit([4, 8], bounded, 0.99, cores_granted=2) is None
    assert fit([1, 2], bounded, 0.99, cores_granted=1.5) is None


def test_a_bound_that_is_missing_leaves_that_side_open() -> None:
    found = fit([1, 2], lambda _, each: Interval(1.4, 1.5, math.inf, each), 0.99)
    assert found is not None
    assert found.serial_fraction == Interval(0.0, about(1 / 3), about(2 / 1.4 - 1), 0.99)
    assert found.fractions[2].low == -math.inf
    found = fit([1, 2], lambda _, each: Interval(-math.inf, 1.5, 1.6, each), 0.99)
    assert found is not None
    assert found.serial_fraction == Interval(about(0.25), about(1 / 3), 1.0, 0.99)
    assert found.predictions[0].speedup == Interval(-math.inf, about(2.0), about(4 / 1.75), 0.99)


def test_threads_beyond_the_cores_are_no_cores() -> None:
    """Four threads on two cores are as fast as two, whatever the program could do on four cores."""
    row = (
        made(0.4, threads=1, control=look(1)),
        made(0.3, 1.33, threads=2, control=look(2)),
        made(0.3, 1.33, threads=4, control=look(4)),
    )
    series = [row] * 20
    found = figures.scaling([1, 2, 4], series, 0.99, cores_granted=2).law
    assert found is not None
    assert (found.threads, found.left_out, found.tested) == ((1, 2), (4,), False)
    assert found.serial_fraction is not None
    assert found.serial_fraction.estimate == pytest.approx(0.5)
    assert [(one.threads, one.extrapolated) for one in found.predictions] == [(4, True)]
    on_four = figures.scaling([1, 2, 4], series, 0.99, cores_granted=4).law
    assert on_four is not None
    assert on_four.model is Model.NONE


def test_predictions_reach_twice_as_far_as_the_data() -> None:
    def ahead(counts: Sequence[int], cores: float) -> list[tuple[int, bool]]:
        return [(one.threads, one.extrapolated) for one in law(HALF, counts, cores=cores).predictions]

    assert ahead([1, 2, 4], 4) == [(8, True)]
    assert ahead([1, 2, 4], 6) == [(6, False), (8, True)]
    assert ahead([1, 2, 4], 64) == [(8, False)]
    assert ahead([1, 2, 3, 8], 2) == [(3, True), (4, True)]
    assert ahead([1, 2, 4], 4.5) == [(8, True)]


def test_a_prediction_allows_for_contention_that_was_not_seen() -> None:
    """Amdahl's law is not refused by so noisy a series, and alone it would promise too much."""
    told, missed, by_amdahl = hindered(HINDERED, [1, 2, 4, 8], 0.1, 50)
    assert told["amdahl"] == 50
    assert missed <= 3
    assert by_amdahl >= 45


def test_a_prediction_from_two_counts_is_as_wide_as_what_is_not_known() -> None:
    (ahead,) = law(HALF, [1, 2]).predictions
    assert ahead.speedup.high == pytest.approx(1.6), "Amdahl's is the most to hope for"
    assert ahead.speedup.low == pytest.approx(1.0), "with coherence alone, kappa 0.25, four are as fast as one"


@pytest.mark.parametrize("seed", range(5))
def test_the_region_holds_what_goes_with_the_intervals_and_nothing_else(seed: int) -> None:
    draw = random.Random(seed)
    first, counts = draw.choice([1, 2]), [4, 8, 16]
    found = {}
    for count in counts:
        middle = time_of(HINDERED, first) / time_of(HINDERED, count)
        found[count] = Interval(middle * draw.uniform(0.8, 1), middle, middle * draw.uniform(1, 1.2), 0.99)
    corners = usl.region(first, found)
    inside = 0
    for _ in range(3000):
        point = draw.uniform(0, 0.3), draw.uniform(0, 0.03)
        fits = all(holds(one, time_of(point, first) / time_of(point, count)) for count, one in found.items())
        assert _within(point, corners) is fits
        inside += fits
    assert 20 < inside < 2980


@pytest.mark.parametrize("seed", range(5))
def test_least_squares_is_the_best_of_the_region(seed: int) -> None:
    """Inside it as at its edge: estimates that draw the minimum out of the region leave its edge."""
    draw = random.Random(seed)
    found = {}
    for count in (2, 4, 8):
        middle = 1 / time_of((0.05, 0.02), count)
        found[count] = Interval(middle * 0.85, middle * draw.uniform(0.86, 1.14), middle * 1.15, 0.99)
    corners = usl.region(1, found)
    best = usl.least_squares(corners, 1, found)

    def badness(at: usl.Point) -> float:
        return sum((one.estimate * time_of(at, count) - 1) ** 2 for count, one in found.items())

    assert all(holds(one, 1 / time_of(best, count)) for count, one in found.items())
    others = [(share / 100, coherence / 1000) for share in range(100) for coherence in range(100)]
    inside = [at for at in others if all(holds(one, 1 / time_of(at, count)) for count, one in found.items())]
    assert len(inside) > 30
    assert badness(best) <= min(map(badness, inside))


def test_the_script_prints_its_tables() -> None:
    command = [sys.executable, str(BENCHMARKS / "scaling_laws.py"), "--runs", "3"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, cwd=BENCHMARKS.parent).stdout
    assert printed.startswith("# 3 runs a line")
    assert printed.count("\n| ") == 2 * 2 + 6 + 12


def _within(point: usl.Point, corners: Sequence[usl.Point]) -> bool:
    """Whether a point lies in a convex polygon: on the same side of all edges."""
    turns = [
        (there[0] - here[0]) * (point[1] - here[1]) - (there[1] - here[1]) * (point[0] - here[0])
        for here, there in zip(corners, [*corners[1:], corners[0]], strict=True)
    ]
    return all(turn >= 0 for turn in turns) or all(turn <= 0 for turn in turns)
