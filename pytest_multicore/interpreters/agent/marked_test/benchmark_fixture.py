"""pytest-benchmark's fixture `benchmark` in a child: rounds repeat the function that a test passes to it.

The test runs once. Its call of benchmark(...) or benchmark.pedantic(...) runs the function once and does not return
while the parent takes rounds of it, so that everything that the test holds open is open in the rounds too; then it
returns the value of one more call. The parent decides how many rounds there are and how often the function runs in
each. pytest-benchmark's own arguments for that (rounds, iterations, min_rounds, max_time, timer, warmup, disable_gc,
cprofile) are checked as it checks them, and otherwise ignored. Only benchmark.stats needs pytest-benchmark here.
"""

import functools
import importlib
from json import dumps, loads  # as they are now: a test may replace them


class Region(object):
    """The function that a test passed to the fixture, and its arguments.

    Attributes:
        stepwise: whether a set-up or teardown runs before or after each call, outside its time.
    """

    def __init__(self, target, args, kwargs, setup=None, teardown=None):
        self.stepwise = setup is not None or teardown is not None
        self._target, self._args, self._kwargs = target, args, kwargs
        self._setup, self._teardown = setup, teardown
        self._call_arguments = None
        self._setup_error = None

    def repeated(self):
        """The function that a round calls."""
        if self.stepwise:
            return self._step
        if self._args or self._kwargs:
            return functools.partial(self._target, *self._args, **self._kwargs)
        return self._target

    def prepare(self):
        """Set up a round of one call; a failure is kept, and that round raises it."""
        try:
            self.clear()
            self._call_arguments = self._arguments()
        except BaseException as error:
            self._setup_error = error

    def clear(self):
        """Tear down after a round, if it was set up."""
        arguments, self._call_arguments = self._call_arguments, None
        if arguments is not None and self._teardown is not None:
            self._teardown(*arguments[0], **arguments[1])

    def once(self, timed):
        """One call with its set-up and teardown; returns its value and the figures of `timed`."""
        __tracebackhide__ = True
        args, kwargs = self._arguments()
        outcomes = []

        def work():
            __tracebackhide__ = True
            try:
                outcomes.append((self._target(*args, **kwargs), None))
            except BaseException as error:  # raised below, without the clock's own frames
                outcomes.append((None, error))

        figures = timed(work)
        value, error = outcomes.pop()
        if error is not None:
            raise error
        if self._teardown is not None:
            self._teardown(*args, **kwargs)
        return value, figures

    def _step(self):
        if self._setup_error is not None:
            raise self._setup_error
        args, kwargs = self._call_arguments
        self._target(*args, **kwargs)

    def _arguments(self):
        arguments = self._setup() if self._setup is not None else None
        if not arguments:
            return self._args, self._kwargs
        if self._args or self._kwargs:
            raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
        return arguments


class Benchmark(object):
    """The fixture `benchmark`. Names and messages are pytest-benchmark's.

    Attributes:
        stats: pytest-benchmark's statistics of this child's rounds, in seconds of one call; None before the call, and
            where benchmarks are disabled.
        figures: the clocks' figures of the first call.
        rounds: takes rounds of a Region, and returns the seconds of one call in each; None: there are none.
    """

    cprofile = cprofile_stats = None

    def __init__(self, node, disabled, timed, rounds):
        callspec = getattr(node, "callspec", None)
        marker = node.get_closest_marker("benchmark")
        self.name, self.fullname = node.name, node.nodeid
        self.param = callspec.id if callspec else None
        self.params = callspec.params if callspec else None
        self.group = marker.kwargs.get("group") if marker else None
        self.disabled = disabled
        self.extra_info = {}
        self.has_error = self.skipped = False
        self.figures = None
        self.rounds = rounds
        self._node, self._timed = node, timed
        self._mode = None
        self._seconds = []
        self._cleanups = []

    @property
    def enabled(self):
        """Whether there will be statistics."""
        return not self.disabled

    @property
    def stats(self):
        """See the class."""
        if self.disabled or not self._seconds:
            return None
        from pytest_benchmark.stats import Metadata

        stats = Metadata(self, iterations=1, options={})
        for seconds in self._seconds:
            stats.update(seconds)
        return stats

    def __call__(self, function_to_benchmark, *args, **kwargs):
        """Measure a function; returns its value."""
        __tracebackhide__ = True
        return self._run("benchmark(...)", Region(function_to_benchmark, args, kwargs))

    def pedantic(
        self, target, args=(), kwargs=None, setup=None, teardown=None, rounds=1, warmup_rounds=0, iterations=1
    ):
        """Measure a function that may need a set-up before each call; returns its value."""
        __tracebackhide__ = True
        for name, value, minimum in (
            ("iterations", iterations, 1),
            ("rounds", rounds, 1),
            ("warmup_rounds", warmup_rounds, 0),
        ):
            if not isinstance(value, int) or value < minimum:
                raise ValueError("Must have positive int for `%s`." % name)
        if iterations > 1 and setup:
            raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
        region = Region(target, args, kwargs or {}, setup, teardown)
        return self._run("benchmark.pedantic(...)", region, warmup_rounds)

    def weave(self, target, **kwargs):
        """Measure a function wherever the test's code calls it."""
        try:
            import aspectlib
        except ImportError as error:
            raise ImportError(error.args, "Please install aspectlib or pytest-benchmark[aspect]")

        def aspect(function):
            return lambda *args, **kwargs: self(function, *args, **kwargs)

        self._cleanups.append(aspectlib.weave(target, aspect, **kwargs).rollback)

    patch = weave

    def reset(self):
        """Allow another use of the fixture: the test's whole call is repeated."""
        self._mode = None

    def metadata(self, failures):
        """The benchmark's name, group and extra_info, for the parent's reports; `failures` shows what raises."""
        shown = failures.representation
        extra_info = dict((failures.text(name), _plain(value, shown)) for name, value in self.extra_info.items())
        names = dict((name, _plain(getattr(self, name), shown)) for name in ("name", "fullname", "group"))
        return dict(names, extra_info=extra_info)

    def clean_up(self):
        """Undo `weave`, and warn of a fixture that was not used."""
        while self._cleanups:
            self._cleanups.pop()()
        if not self._mode and not self.skipped:
            import pytest

            warning = _class_of_plugin("logger", "PytestBenchmarkWarning", pytest.PytestWarning)
            whole = "The test's whole call was measured."
            self._node.warn(warning("Benchmark fixture was not used at all in this test! " + whole))

    def _run(self, mode, region, warmup_rounds=0):
        __tracebackhide__ = True
        if self._mode:
            self.has_error = True
            used = _class_of_plugin("fixture", "FixtureAlreadyUsed", RuntimeError)
            raise used("Fixture can only be used once. Previously it was used in %s mode." % self._mode)
        self._mode = mode
        try:
            for _ in range(warmup_rounds):
                region.once(self._timed)
            value, self.figures = region.once(self._timed)
            self._seconds = [self.figures["wall_s"]]
            if self.rounds is not None:
                value = None  # the memory may not hold two results at a time
                self._seconds = self.rounds(region) or self._seconds
                value, _ = region.once(self._timed)
        except Exception:
            self.has_error = True
            raise
        return value


def plugin(make_fixture):
    """The plugin that provides the fixtures; `make_fixture` makes one for a test."""
    import pytest

    class Fixtures(object):
        """Replaces pytest-benchmark's fixtures."""

        @pytest.fixture
        def benchmark(self, request):
            """See Benchmark."""
            fixture = make_fixture(request.node)
            yield fixture
            fixture.clean_up()

        @pytest.fixture
        def benchmark_weave(self, benchmark):
            """See Benchmark.weave."""
            return benchmark.weave

    return Fixtures()


def _class_of_plugin(module, name, fallback):
    """A class of pytest-benchmark, which tests and warning filters may name; the fallback where it is not installed."""
    try:
        return getattr(importlib.import_module("pytest_benchmark." + module), name, fallback)
    except ImportError:
        return fallback


def _plain(value, representation):
    """A value as JSON carries it; its repr where JSON cannot, or where the value raises."""
    try:
        return loads(dumps(value, allow_nan=False))
    except:  # noqa: E722 - whatever the value raises
        return representation(value)
