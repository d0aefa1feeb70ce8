"""Where the time goes, from literals: shares, shapes against the threshold, what the report says."""

import json
from typing import Any

import pytest

from pytest_multicore.diagnosis.profile import Profile, dimensions, profile_of
from pytest_multicore.interpreters.sampling_profile import Frame, SamplingProfile
from pytest_multicore.interpreters.theano_profile import RawProfile

THRESHOLD = 262_144


def node(
    index: int, kind: str, seconds: float, *shapes: Any, calls: int = 10, operation: str | None = None
) -> dict[str, Any]:
    """An operation, with (inputs, outputs, calls) of each shape."""
    told = [{"inputs": inputs, "outputs": outputs, "calls": count} for inputs, outputs, count in shapes]
    operation = operation or kind
    return {"index": index, "kind": kind, "operation": operation, "calls": calls, "seconds": seconds, "shapes": told}


def run(
    *nodes: dict[str, Any], name: str = "train", calls: int = 10, call_s: float = 0.4, **more: Any
) -> dict[str, Any]:
    function = {"name": name, "calls": calls, "call_s": call_s, "vm_s": call_s, "nodes": list(nodes)}
    return {"theano": "1.0.5", "openmp": False, "openmp_elemwise_minsize": 200_000, "functions": [function], **more}


TIMES = run(node(0, "Dot22", 0.1), node(1, "Elemwise", 0.05), node(2, "Sum", 0.02), node(3, "Gemm", 0.03))
SHAPES = run(
    node(0, "Dot22", 9.0, ([[32, 100], [100, 20]], [[32, 20]], 10)),
    node(1, "Elemwise", 9.0, ([[100, 20], [1, 1]], [[100, 20]], 9), ([[20], [1]], [[20]], 1)),
    node(2, "Sum", 9.0, ([[32, 20]], [[20]], 10)),
    node(3, "Gemm", 9.0, ([[32, 1], [], [32, 20], [20, 1], []], [[32, 1]], 10)),
)
SAMPLED = SamplingProfile(
    200,
    0.9,
    (
        Frame(0.4, "__call__", "theano/compile/function_module.py", 903),
        Frame(0.35, "fit_loop", "keras/engine/training_arrays.py", 181),
        Frame(0.25, "batch_shuffle", "keras/engine/training_utils.py", 12),
    ),
)


def profile(
    threshold: int | None = THRESHOLD,
    sampled: SamplingProfile | None = None,
    repeat: int = 1,
    times: dict[str, Any] = TIMES,
    shapes: dict[str, Any] = SHAPES,
) -> Profile:
    return profile_of(RawProfile(1.0, repeat, times, shapes), threshold, sampled)


def test_the_parts_are_the_whole() -> None:
    found = profile()
    assert (found.products_s, found.elementwise_s) == (pytest.approx(0.13), pytest.approx(0.05))
    assert found.other_s == pytest.approx(0.02)
    assert (found.calling_s, found.outside_s) == (pytest.approx(0.2), pytest.approx(0.6))
    parts = (found.products_s, found.elementwise_s, found.other_s, found.python_s)
    assert sum(parts) == pytest.approx(found.wall_s)
    assert found.share(found.python_s) == pytest.approx(0.8)


def test_what_threads_could_gain_at_most_is_told_by_amdahls_law() -> None:
    found = profile()
    assert found.most_to_gain == pytest.approx(1 / 0.82)
    assert "products and elementwise work in no time at all: 1.22x as fast" in found.lines()


def test_all_figures_are_of_one_repetition() -> None:
    found = profile(repeat=2)
    assert (found.wall_s, found.products_s, found.calls) == (0.5, pytest.approx(0.065), 5)
    assert [one.calls for one in found.products] == [5, 5]
    assert found.products[0].seconds == pytest.approx(0.05)


def test_clocks_that_disagree_leave_nothing_below_zero() -> None:
    found = profile(times=run(node(0, "Dot22", 1.2), call_s=1.1))
    assert (found.calling_s, found.outside_s) == (0, 0)
    assert found.most_to_gain is None
    assert not any("in no time at all" in line for line in found.lines())


def test_a_product_has_the_time_of_one_run_and_the_shape_of_the_other() -> None:
    first, second = profile().products
    assert (first.operation, first.m, first.n, first.k, first.calls) == ("Dot22", 32, 20, 100, 10)
    assert (first.seconds, first.multiply_adds) == (pytest.approx(0.1), 64_000)
    assert (second.operation, second.m, second.n, second.k, second.multiply_adds) == ("Gemm", 32, 1, 20, 640)


@pytest.mark.parametrize(
    ("threshold", "under"), [(64_000, True), (63_999, False), (None, None)], ids=["at", "above", "not known"]
)
def test_a_product_is_held_against_the_threshold(threshold: int | None, under: bool | None) -> None:
    assert profile(threshold).products[0].under_threshold is under


def test_a_product_with_a_vector_has_no_threshold_here() -> None:
    times = run(node(0, "CGemv", 0.1))
    shapes = run(node(0, "CGemv", 0.1, ([[500], [], [500, 700], [700], []], [[500]], 10)))
    found = profile(times=times, shapes=shapes)
    assert [(one.m, one.n, one.k, one.under_threshold) for one in found.products] == [(500, 1, 700, None)]


def test_the_time_of_an_operation_is_shared_out_among_its_shapes_by_work() -> None:
    shapes = run(node(0, "Dot22", 9.0, ([[30, 10], [10, 10]], [], 1), ([[10, 10], [10, 10]], [], 1)))
    large, small = profile(times=run(node(0, "Dot22", 0.4)), shapes=shapes).products
    assert (large.calls, small.calls) == (5, 5)
    assert (large.seconds, small.seconds) == (pytest.approx(0.3), pytest.approx(0.1))


def test_two_operations_of_one_shape_are_told_as_one() -> None:
    shape: tuple[Any, ...] = ([[32, 100], [100, 20]], [], 10)
    times = run(node(0, "Dot22", 0.1), node(4, "Dot22", 0.2))
    shapes = run(node(0, "Dot22", 9, shape), node(4, "Dot22", 9, shape))
    (only,) = profile(times=times, shapes=shapes).products
    assert (only.calls, only.seconds) == (20, pytest.approx(0.3))


def test_an_operation_that_the_other_run_does_not_have_gets_no_shape_of_another() -> None:
    shapes = run(node(0, "Dot22", 9.0, ([[5, 5], [5, 5]], [], 10), operation="another one"))
    found = profile(shapes=shapes)
    assert found.products == ()
    assert found.products_s == pytest.approx(0.13)


def test_without_a_run_for_shapes_the_times_stand() -> None:
    found = profile(shapes={})
    assert (found.products, found.largest_elementwise) == ((), None)
    assert len(found.lines()) == 4


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("Dot22", [[3, 5], [5, 7]], (3, 7, 5)),
        ("Dot22Scalar", [[3, 5], [5, 7], []], (3, 7, 5)),
        ("Gemm", [[3, 7], [], [3, 5], [5, 7], []], (3, 7, 5)),
        ("CGemv", [[3], [], [3, 5], [5], []], (3, 1, 5)),
        ("CGer", [[3, 7], [], [3], [7]], (3, 7, 1)),
        ("BatchedDot", [[9, 3, 5], [9, 5, 7]], (3, 7, 5)),
        ("Dot", [[3, 5], [5]], (3, 1, 5)),
        ("Dot", [[5], [5]], None),
        ("Dot22", [None, [5, 7]], None),
    ],
)
def test_m_n_and_k_come_from_the_shapes_of_the_factors(
    kind: str, inputs: list[Any], expected: tuple[int, int, int] | None
) -> None:
    assert dimensions(kind, inputs) == expected


def test_the_report_tells_the_shares_the_sizes_and_what_openmp_would_take() -> None:
    told = "\n".join(profile(sampled=SAMPLED).lines())
    assert (
        "products 13% (130 ms), elementwise 5% (50 ms), other operations 2% (20 ms), Python loop 80% (800 ms)" in told
    )
    assert "Dot22 32 x 20 x 100: 64,000 multiply-adds, 10 calls, 10 ms each; up to 262,144: one thread" in told
    assert "largest elementwise result: 2,000 elements; openmp is off, from 200,000 elements on" in told
    assert "200 samples, the GIL held in 90%: keras 60%, theano 40%" in told


def test_a_product_above_the_threshold_is_told_as_threaded() -> None:
    assert any(line.endswith("above 1,000: threads") for line in profile(threshold=1000).lines())


def test_what_is_missing_is_told_in_place_of_samples() -> None:
    assert profile(sampled=SamplingProfile(0, None, (), "py-spy is not installed")).lines()[-1] == (
        "no sampled profile: py-spy is not installed"
    )


def test_the_report_has_at_most_twelve_lines_however_many_shapes_there_are() -> None:
    nodes = [node(number, "Dot22", 0.001, ([[number + 1, 10], [10, 10]], [], 10)) for number in range(30)]
    found = profile(times=run(*nodes), shapes=run(*nodes, node(99, "Elemwise", 1, ([], [[5]], 1))), sampled=SAMPLED)
    assert len(found.products) == 30
    assert len(found.lines()) <= 12
    assert any(line.startswith("26 more shapes, at most 3,000 multiply-adds") for line in found.lines())


def test_it_goes_through_json() -> None:
    told = json.loads(json.dumps(profile(sampled=SAMPLED).as_json()))
    assert told["shares"]["products"] == pytest.approx(0.13)
    assert told["products"][0]["under_threshold"] is True
    assert told["sampled"]["gil_share"] == 0.9
