"""The built-in workloads: what they compute, what they refuse, and that they run in the agent."""

import itertools
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import numpy
import pytest

from tests.interpreters.dialogue import AGENT, Dialogue, interpreters

#: gemm_probe is a question to a BLAS, replay_numpy a part of a trial, load_libraries of the doctor: no experiments.
NO_EXPERIMENTS = {"gemm_probe", "load_libraries", "replay_numpy"}
NAMES = sorted({path.stem for path in (AGENT / "workloads").glob("*.py")} - NO_EXPERIMENTS)
SMALL = {
    "dot_numpy": {"size": 32},
    "dot_theano": {"size": 32},
    "dot_pytensor": {"size": 32},
    "dot_torch": {"size": 32},
    "dot_jax": {"size": 32},
    "dot_tensorflow": {"size": 32},
    "fit_torch": {"samples": 200},
    "fit_jax": {"samples": 200},
    "fit_sklearn": {"samples": 200},
    "fit_numpy": {"samples": 200},
    "fit_keras": {"samples": 200},
}


def workload(name: str) -> dict[str, Any]:
    """The names that a workload's file defines."""
    return runpy.run_path(str(AGENT / "workloads" / f"{name}.py"))


def test_there_is_a_small_size_for_each() -> None:
    assert sorted(SMALL) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_an_unknown_argument_is_named_with_those_allowed_before_anything_is_imported(name: str, tmp_path: Path) -> None:
    python = interpreters().get("2.7", sys.executable)  # has none of the frameworks
    with Dialogue(python, tmp_path) as child:
        error = child.ask("open", target=f"builtin:{name}", arguments={"sise": 3})
    assert error["kind"] == "workload"
    assert re.search(r"TypeError: (dot|fit) on \w+ has no argument sise; it takes .*dtype", error["message"])


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_framework_is_an_import_error_that_names_it(name: str, tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise ImportError('No module named numpy')\n")
    with Dialogue(sys.executable, tmp_path) as child:
        error = child.ask("open", target=f"builtin:{name}", arguments=SMALL[name], path=[str(tmp_path)])
    assert error["kind"] == "import"
    assert re.search("|".join(["numpy", name.partition("_")[2]]), error["message"])


@pytest.mark.parametrize("name", ["dot_numpy", "fit_numpy"])
def test_it_runs_in_the_agent(name: str, tmp_path: Path) -> None:
    with Dialogue(sys.executable, tmp_path) as child:
        ready = child.ask("open", target=f"builtin:{name}", arguments=SMALL[name])
        assert ready["form"] == "set-up", ready
        assert child.ask("round", repeat=3)["type"] == "done"
        assert child.end() == 0
    assert child.log() == ""


@pytest.mark.parametrize("name", [name for name in NAMES if not name.endswith("_numpy")])
def test_it_runs_in_the_agent_where_its_framework_is_installed(name: str, tmp_path: Path) -> None:
    pytest.importorskip(name.partition("_")[2], reason="runs in an environment of its own; see tests/environments")
    with Dialogue(sys.executable, tmp_path, 120) as child:
        assert child.ask("open", target=f"builtin:{name}", arguments=SMALL[name])["form"] == "set-up"
        assert child.ask("round", repeat=1)["type"] == "done"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dot_repeats_the_posted_update(dtype: str) -> None:
    region = workload("dot_numpy")["prepare"](size=5, iterations=3, dtype=dtype)
    c = dict(zip(region.__code__.co_freevars, (cell.cell_contents for cell in region.__closure__), strict=True))["c"]
    region()
    expected = numpy.ones((5, 5))
    for _ in range(3):
        expected = 0.4 * expected + 0.8 * numpy.dot(numpy.ones((5, 5)), numpy.ones((5, 5)))
    numpy.testing.assert_allclose(c, expected, rtol=1e-6)
    assert c.dtype == dtype


@pytest.mark.parametrize("name", NAMES)
def test_defaults_are_those_of_the_posted_programs(name: str) -> None:
    prepare = workload(name)["prepare"]
    taken = dict(zip(prepare.__code__.co_varnames, prepare.__defaults__, strict=False))
    if name.startswith("dot"):
        assert (taken["size"], taken["iterations"]) == (2000, 1)
    else:
        posted = {
            "samples": 100000,
            "features": 100,
            "hidden": 20,
            "batch_size": 32,
            "loss": "mse",
            "optimizer": "adam" if name == "fit_sklearn" else "rmsprop",  # scikit-learn has no rmsprop
        }
        assert posted.items() <= taken.items()


class TestFitWrittenOut:
    def setup_method(self) -> None:
        self.fit = workload("fit_numpy")
        self.random = numpy.random.RandomState(3)
        self.weights = self.fit["first_weights"](self.random, 7, 4, "float64")
        for weight in self.weights:
            weight += 0.1 * self.random.standard_normal(weight.shape)  # biases too: zeros would hide mistakes
        self.x = self.random.standard_normal((11, 7))
        self.y = self.random.standard_normal((11, 1))

    def test_shapes_are_those_of_the_network(self) -> None:
        assert [weight.shape for weight in self.weights] == [(7, 4), (4,), (4, 1), (1,)]

    def test_first_weights_lie_within_glorots_bounds(self) -> None:
        w1, b1, w2, b2 = self.fit["first_weights"](self.random, 100, 20, "float32")
        assert 0.9 * (6 / 120) ** 0.5 < abs(w1).max() <= (6 / 120) ** 0.5
        assert abs(w2).max() <= (6 / 21) ** 0.5
        assert not b1.any()
        assert not b2.any()

    @pytest.mark.parametrize("which", range(4))
    def test_gradients_agree_with_finite_differences(self, which: int) -> None:
        slopes = self.fit["gradients"](self.weights, self.x, self.y)[which]
        assert slopes.shape == self.weights[which].shape
        assert abs(slopes).max() > 1e-3
        for index in numpy.ndindex(slopes.shape):
            assert slopes[index] == pytest.approx(self.finite_difference(which, index), rel=1e-6, abs=1e-9)

    def finite_difference(self, which: int, index: tuple[int, ...], step: float = 1e-5) -> float:
        losses: list[float] = []
        for sign in (1, -1):
            moved = [weight.copy() for weight in self.weights]
            moved[which][index] += sign * step
            losses.append(self.fit["mean_squared_error"](moved, self.x, self.y))
        return (losses[0] - losses[1]) / (2 * step)

    def test_rmsprop_follows_its_formula(self) -> None:
        weights, squares = [numpy.array([1.0, -2.0])], [numpy.array([0.5, 0.0])]
        self.fit["rmsprop"](weights, squares, [numpy.array([3.0, -0.1])])
        means = numpy.array([0.9 * 0.5 + 0.1 * 9.0, 0.1 * 0.01])
        numpy.testing.assert_allclose(squares[0], means, rtol=1e-12)
        moved = numpy.array([1.0, -2.0]) - 0.001 * numpy.array([3.0, -0.1]) / (numpy.sqrt(means) + 1e-7)
        numpy.testing.assert_allclose(weights[0], moved, rtol=1e-12)

    def test_an_epoch_sees_every_sample_once_in_batches_of_at_most_the_given_size(self) -> None:
        seen = []
        self.fit["epoch"].__globals__.update(
            gradients=lambda weights, x, y: seen.append(x[:, 0].tolist()), rmsprop=lambda *_: None
        )
        self.fit["epoch"](self.weights, [], self.x, self.y, numpy.arange(11), 4)
        assert [len(batch) for batch in seen] == [4, 4, 3]
        assert list(itertools.chain(*seen)) == self.x[:, 0].tolist()

    def test_epochs_lower_the_loss(self) -> None:
        squares = [numpy.zeros_like(weight) for weight in self.weights]
        before = self.fit["mean_squared_error"](self.weights, self.x, self.y)
        for _ in range(50):
            self.fit["epoch"](self.weights, squares, self.x, self.y, numpy.arange(11), 4)
        assert self.fit["mean_squared_error"](self.weights, self.x, self.y) < 0.9 * before

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_it_computes_in_the_type_asked_for(self, dtype: str) -> None:
        weights = self.fit["first_weights"](self.random, 7, 4, dtype)
        squares = [numpy.zeros_like(weight) for weight in weights]
        x, y = self.x.astype(dtype), self.y.astype(dtype)
        assert {slope.dtype for slope in self.fit["gradients"](weights, x, y)} == {numpy.dtype(dtype)}
        self.fit["epoch"](weights, squares, x, y, numpy.arange(11), 4)
        assert {array.dtype for array in weights + squares} == {numpy.dtype(dtype)}


@pytest.mark.parametrize("other", [{"loss": "mae"}, {"optimizer": "adamax"}])
@pytest.mark.parametrize("name", ["fit_numpy", "fit_torch", "fit_jax", "fit_sklearn"])
def test_what_is_not_written_out_is_refused(name: str, other: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="run fit on keras for those"):
        workload(name)["prepare"](samples=10, **other)
