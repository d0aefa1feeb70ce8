"""Where the time of a region goes: products, elementwise work, the Python loop; and each product against the threshold.

Pure: computed from profiled runs (interpreters/theano_profile.py, interpreters/sampling_profile.py) and from the size
up to which this machine's BLAS keeps a product on one thread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pytest_multicore.interpreters.sampling_profile import SamplingProfile
from pytest_multicore.interpreters.theano_profile import RawProfile

#: Theano's products, each with the positions of its two factors among its inputs.
GEMM = {"Dot22": (0, 1), "Dot22Scalar": (0, 1), "Gemm": (2, 3), "BatchedDot": (0, 1), "Dot": (0, 1)}
GEMV = {"Gemv": (2, 3), "CGemv": (2, 3)}
GER = {"Ger": (2, 3), "CGer": (2, 3)}
PRODUCTS = {**GEMM, **GEMV, **GER}
ELEMENTWISE = ("Elemwise",)

MAX_PRODUCTS_SHOWN = 4
MAX_PACKAGES_SHOWN = 4

Shape = Sequence[int] | None


@dataclass(frozen=True, slots=True)
class Product:
    """Products of one shape in one repetition of the region.

    Attributes:
        operation: Theano's name for it.
        m, n, k: sizes of m x k times k x n.
        calls: number of calls with this shape.
        seconds: time in them; an operation that is called with several shapes has its time divided by multiply-adds.
        under_threshold: whether the BLAS keeps it on one thread; None where that is not known, as for products with a
            vector, which have thresholds of their own.
    """

    operation: str
    m: int
    n: int
    k: int
    calls: float
    seconds: float
    under_threshold: bool | None

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one call."""
        return self.m * self.n * self.k


@dataclass(frozen=True, slots=True)
class Profile:
    """One repetition of the region.

    Attributes:
        framework: the framework with the profiler.
        wall_s: seconds of the repetition, profiler included.
        products_s: seconds in BLAS products.
        elementwise_s: seconds in elementwise operations.
        other_s: seconds in all other operations.
        calling_s: seconds in compiled functions, outside of their operations.
        outside_s: seconds outside of compiled functions: the program's own Python.
        calls: calls of compiled functions.
        products: by shape, the longest first.
        threshold: multiply-adds up to which a product stays on one thread; None: not known.
        largest_elementwise: elements of the largest result of an elementwise operation; None: not known.
        openmp: whether Theano's elementwise loops may use threads.
        openmp_minsize: elements from which on they do.
        sampled: py-spy's profile; None where py-spy was not run.
    """

    framework: str
    wall_s: float
    products_s: float
    elementwise_s: float
    other_s: float
    calling_s: float
    outside_s: float
    calls: float
    products: tuple[Product, ...]
    threshold: int | None
    largest_elementwise: int | None
    openmp: bool
    openmp_minsize: int
    sampled: SamplingProfile | None = None

    @property
    def python_s(self) -> float:
        """Seconds outside of operations: the Python loop and its calls of compiled functions."""
        return self.calling_s + self.outside_s

    def share(self, seconds: float) -> float:
        """The share of the repetition that these seconds are, 0 to 1."""
        return seconds / self.wall_s if self.wall_s else 0.0

    @property
    def most_to_gain(self) -> float | None:
        """The speed-up if products and elementwise work took no time (Amdahl's law); None where all time is theirs."""
        left_s = self.wall_s - self.products_s - self.elementwise_s
        return self.wall_s / left_s if left_s > 0 else None

    def lines(self) -> list[str]:
        """The profile for a report: at most 12 lines."""
        return [*self._times(), *self._products(), *self._elementwise(), *self._samples()]

    def as_json(self) -> dict[str, Any]:
        """The profile as JSON carries it."""
        shares = {
            name: self.share(getattr(self, f"{name}_s")) for name in ("products", "elementwise", "other", "python")
        }
        return {**asdict(self), "python_s": self.python_s, "shares": shares, "most_to_gain": self.most_to_gain}

    def _times(self) -> Iterator[str]:
        yield f"{_ms(self.wall_s)} a repetition under {self.framework}'s profiler, {self.calls:,.0f} calls of functions"
        yield (
            f"products {self._share_text(self.products_s)}, elementwise {self._share_text(self.elementwise_s)}, "
            f"other operations {self._share_text(self.other_s)}, Python loop {self._share_text(self.python_s)}"
        )
        yield f"Python loop: {_ms(self.outside_s)} outside of compiled functions, {_ms(self.calling_s)} calling them"
        if self.most_to_gain is not None:
            yield f"products and elementwise work in no time at all: {self.most_to_gain:.2f}x as fast"

    def _products(self) -> Iterator[str]:
        for product in self.products[:MAX_PRODUCTS_SHOWN]:
            each = f"{_short_time(product.seconds / product.calls)} each"
            size = (
                f"{product.operation} {product.m} x {product.n} x {product.k}: {product.multiply_adds:,} multiply-adds"
            )
            yield f"{size}, {product.calls:,.0f} calls, {each}{self._threshold_text(product)}"
        if left := self.products[MAX_PRODUCTS_SHOWN:]:
            largest = max(left, key=lambda product: product.multiply_adds)
            size = f"at most {largest.multiply_adds:,} multiply-adds"
            yield f"{len(left)} more shapes, {size}{self._threshold_text(largest)}"

    def _threshold_text(self, product: Product) -> str:
        if product.under_threshold is None:
            return ""
        return f"; {'up to' if product.under_threshold else 'above'} {self.threshold:,}: " + (
            "one thread" if product.under_threshold else "threads"
        )

    def _elementwise(self) -> Iterator[str]:
        if self.largest_elementwise is None:
            return
        setting = f"openmp is {'on' if self.openmp else 'off'}, from {self.openmp_minsize:,} elements on"
        yield f"largest elementwise result: {self.largest_elementwise:,} elements; {setting}"

    def _samples(self) -> Iterator[str]:
        if self.sampled is None:
            return
        if self.sampled.missing:
            yield f"no sampled profile: {self.sampled.missing}"
            return
        gil = "" if self.sampled.gil_share is None else f", the GIL held in {self.sampled.gil_share:.0%}"
        shares = ", ".join(f"{package} {share:.0%}" for package, share in self.sampled.packages[:MAX_PACKAGES_SHOWN])
        yield f"{self.sampled.samples} samples{gil}: {shares}"
        hottest = self.sampled.frames[0]
        yield f"hottest line: {hottest.function} ({hottest.file}:{hottest.line}), {hottest.share:.0%}"

    def _share_text(self, seconds: float) -> str:
        return f"{self.share(seconds):.0%} ({_ms(seconds)})"


def profile_of(raw: RawProfile, threshold: int | None, sampled: SamplingProfile | None = None) -> Profile:
    """The profile of a run.

    Args:
        raw: figures of the profiled run.
        threshold: multiply-adds up to which this machine's BLAS keeps a product on one thread, probed; None: not known.
        sampled: py-spy's profile, of a run of its own.
    """
    functions = raw.times["functions"]
    nodes = [node for function in functions for node in function["nodes"]]
    seconds = {
        kinds: sum(node["seconds"] for node in nodes if node["kind"] in kinds) / raw.repeat
        for kinds in (tuple(PRODUCTS), ELEMENTWISE)
    }
    all_s = sum(node["seconds"] for node in nodes) / raw.repeat
    called_s = sum(function["call_s"] for function in functions) / raw.repeat
    products_s, elementwise_s = seconds[tuple(PRODUCTS)], seconds[ELEMENTWISE]
    # These times are from different clocks: no difference may come out negative.
    return Profile(
        framework=f"Theano {raw.times['theano']}",
        wall_s=raw.wall_s / raw.repeat,
        products_s=products_s,
        elementwise_s=elementwise_s,
        other_s=all_s - products_s - elementwise_s,
        calling_s=max(0.0, called_s - all_s),
        outside_s=max(0.0, raw.wall_s / raw.repeat - called_s),
        calls=sum(function["calls"] for function in functions) / raw.repeat,
        products=tuple(sorted(_products(raw, threshold), key=lambda product: -product.seconds)),
        threshold=threshold,
        largest_elementwise=_largest_elementwise(raw.shapes),
        openmp=raw.times["openmp"],
        openmp_minsize=raw.times["openmp_elemwise_minsize"],
        sampled=sampled,
    )


def dimensions(kind: str, inputs: Sequence[Shape]) -> tuple[int, int, int] | None:
    """m, n and k of a product, by its operation's kind and its inputs' shapes; None where these do not determine them.

    Of a batched product: of one matrix of the batch.
    """
    first, second = (inputs[number] if number < len(inputs) else None for number in PRODUCTS[kind])
    if first is None or second is None:
        return None
    if kind in GER:
        return first[0], second[0], 1
    if kind == "BatchedDot":
        first, second = first[1:], second[1:]
    if len(first) == 2 and len(second) in (1, 2):
        return first[0], (second[1] if len(second) == 2 else 1), first[1]
    return None


def _products(raw: RawProfile, threshold: int | None) -> Iterator[Product]:
    """Products by shape: the shapes are from one run, the times from the other."""
    shapes = dict(_nodes_by_key(raw.shapes))
    totals: dict[tuple[str, int, int, int], tuple[float, float]] = {}
    for node_key, node in _nodes_by_key(raw.times):
        shaped_node = shapes.get(node_key)
        if node["kind"] not in PRODUCTS or shaped_node is None:
            continue
        for sizes, call_share, work_share in _shape_shares(node["kind"], shaped_node["shapes"]):
            key = (node["kind"], *sizes)
            calls, seconds = totals.get(key, (0.0, 0.0))
            totals[key] = (
                calls + node["calls"] * call_share / raw.repeat,
                seconds + node["seconds"] * work_share / raw.repeat,
            )
    for (kind, m, n, k), (calls, seconds) in totals.items():
        under_threshold = m * n * k <= threshold if threshold is not None and kind in GEMM else None
        yield Product(kind, m, n, k, calls, seconds, under_threshold)


def _nodes_by_key(run: Mapping[str, Any]) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """Every operation with a key that is the same in both runs: the same program compiles the same graphs."""
    names: Counter[str] = Counter()
    for function in run.get("functions", ()):
        if not function["calls"]:
            continue
        names[function["name"]] += 1
        for node in function["nodes"]:
            yield (function["name"], names[function["name"]], node["index"], node["operation"]), node


def _shape_shares(
    kind: str, shapes: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[tuple[int, int, int], float, float]]:
    """Each shape of an operation with its shares of the calls and of the multiply-adds."""
    sized = [(sizes, entry["calls"]) for entry in shapes if (sizes := dimensions(kind, entry["inputs"]))]
    calls = sum(count for _, count in sized)
    multiply_adds = sum(m * n * k * count for (m, n, k), count in sized)
    for (m, n, k), count in sized:
        yield (m, n, k), count / calls, m * n * k * count / multiply_adds if multiply_adds else count / calls


def _largest_elementwise(run: Mapping[str, Any]) -> int | None:
    sizes = [
        _elements(shape)
        for function in run.get("functions", ())
        for node in function["nodes"]
        if node["kind"] in ELEMENTWISE
        for entry in node["shapes"]
        for shape in entry["outputs"]
        if shape is not None
    ]
    return max(sizes, default=None)


def _elements(shape: Sequence[int]) -> int:
    total = 1
    for length in shape:
        total *= length
    return total


def _short_time(seconds: float) -> str:
    return f"{seconds * 1e6:.1f} us" if seconds < 1e-3 else _ms(seconds)


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms"
