"""pytest-benchmark's fixture `benchmark` in a child: what a test hands to it is what rounds repeat.

The test runs once. Its call of benchmark(...) or benchmark.pedantic(...) runs the function once and then stays there
while the parent takes rounds of it, so that all that the test holds open is open in the rounds too; then it returns
the value of one more call. The parent says how many rounds there are and how often the function runs in each: what
pytest-benchmark is told about that (rounds, iterations, min_rounds, max_time, timer, warmup, disable_gc, cprofile) is
checked as it checks it, and not followed. pytest-benchmark itself need not be installed here, but for benchmark.stats.
"""

import functools
import importlib
import json


class Region(object):
    """What a test handed over.

    Attributes:
        stepwise: whether something is to run before or after each call, outside its time.
    """

    def __init__(self, target, args, kwargs, setup=None, teardown=None):
        self.stepwise = setup is not None or teardown is not None
        self._target, self._args, self._kwargs = target, args, kwargs
        self._setup, self._teardown = setup, teardown
        self._made = None
        self._failed = None

    def repeated(self):
        """What a round calls."""
        if self.stepwise:
            return self._step
        if self._args or self._kwargs:
            return functools.partial(self._target, *self._args, **self._kwargs)
        return self._target

    def prepare(self):
        """Get ready for a round of one call; a failure is kept for that round to tell of."""
        try:
            self.clear()
            self._made = self._arguments()
        except BaseException as error:
            self._failed = error

    def clear(self):
        """Tear down after a round, if something was set up for it."""
        made, self._made = self._made, None
        if made is not None and self._teardown is not None:
            self._teardown(*made[0], **made[1])

    def once(self, timed):
        """One call and what belongs to it; returns its value and what `timed` says of it."""
        __tracebackhide__ = True
        args, kwargs = self._arguments()
        came = []

        def work():
            __tracebackhide__ = True
            try:
                came.append((self._target(*args, **kwargs), None))
            except BaseException as error:  # raised below: without the clock's own frames
                came.append((None, error))

        figures = timed(work)
        value, error = came.pop()
        if error is not None:
            raise error
        if self._teardown is not None:
            self._teardown(*args, **kwargs)
        return value, figures

    def _step(self):
        if self._failed is not None:
            raise self._failed
        args, kwargs = self._made
        self._target(*args, **kwargs)

    def _arguments(self):
        made = self._setup() if self._setup is not None else None
        if not made:
            return self._args, self._kwargs
        if self._args or self._kwargs:
            raise TypeError("Can't use `args` or `kwargs` if `setup` returns the arguments.")
        return made


class Benchmark(object):
    """What a test sees as `benchmark`. Names and messages are pytest-benchmark's.

    Attributes:
        stats: of this child's rounds, in seconds of one call, with the names that pytest-benchmark gives them; None
            before the call, and where benchmarks are disabled.
        figures: what the clocks say of the first call.
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

        found = Metadata(self, iterations=1, options={})
        for seconds in self._seconds:
            found.update(seconds)
        return found

    def __call__(self, function_to_benchmark, *args, **kwargs):
        """Measure a function; returns its value."""
        __tracebackhide__ = True
        return self._run("benchmark(...)", Region(function_to_benchmark, args, kwargs))

    def pedantic(
        self, target, args=(), kwargs=None, setup=None, teardown=None, rounds=1, warmup_rounds=0, iterations=1
    ):
        """Measure a function that takes a set-up of its own before each call; returns its value."""
        __tracebackhide__ = True
        for name, value, least in (
            ("iterations", iterations, 1),
            ("rounds", rounds, 1),
            ("warmup_rounds", warmup_rounds, 0),
        ):
            if not isinstance(value, int) or value < least:
                raise ValueError("Must have positive int for `%s`." % name)
        if iterations > 1 and setup:
            raise ValueError("Can't use more than 1 `iterations` with a `setup` function.")
        region = Region(target, args, kwargs or {}, setup, teardown)
        return self._run("benchmark.pedantic(...)", region, warmup_rounds)

    def weave(self, target, **kwargs):
        """Measure a function wherever the test's code calls it from."""
        try:
            import aspectlib
        except ImportError as error:
            raise ImportError(error.args, "Please install aspectlib or pytest-benchmark[aspect]")

        def aspect(function):
            return lambda *args, **kwargs: self(function, *args, **kwargs)

        self._cleanups.append(aspectlib.weave(target, aspect, **kwargs).rollback)

    patch = weave

    def forget(self):
        """Let the fixture be used again: the test's whole call is repeated."""
        self._mode = None

    def told(self):
        """What the test says of its benchmark, for the parent's reports."""
        extra_info = dict((str(name), _plain(value)) for name, value in self.extra_info.items())
        names = dict((name, _plain(getattr(self, name))) for name in ("name", "fullname", "group"))
        return dict(names, extra_info=extra_info)

    def clean_up(self):
        """Undo what was woven, and warn of a fixture that was not used."""
        while self._cleanups:
            self._cleanups.pop()()
        if not self._mode and not self.skipped:
            import pytest

            warning = _theirs("logger", "PytestBenchmarkWarning", pytest.PytestWarning)
            whole = "The test's whole call was measured."
            self._node.warn(warning("Benchmark fixture was not used at all in this test! " + whole))

    def _run(self, mode, region, warmup_rounds=0):
        __tracebackhide__ = True
        if self._mode:
            self.has_error = True
            used = _theirs("fixture", "FixtureAlreadyUsed", RuntimeError)
            raise used("Fixture can only be used once. Previously it was used in %s mode." % self._mode)
        self._mode = mode
        try:
            for _ in range(warmup_rounds):
                region.once(self._timed)
            value, self.figures = region.once(self._timed)
            self._seconds = [self.figures["wall_s"]]
            if self.rounds is not None:
                value = None  # two results at a time may be more than the memory holds
                self._seconds = self.rounds(region) or self._seconds
                value, _ = region.once(self._timed)
        except Exception:
            self.has_error = True
            raise
        return value


def plugin(made):
    """The plugin that gives the fixtures; `made` makes one for a test."""
    import pytest

    class Fixtures(object):
        """In place of pytest-benchmark's."""

        @pytest.fixture
        def benchmark(self, request):
            """See Benchmark."""
            fixture = made(request.node)
            yield fixture
            fixture.clean_up()

        @pytest.fixture
        def benchmark_weave(self, benchmark):
            """See Benchmark.weave."""
            return benchmark.weave

    return Fixtures()


def _theirs(module, name, otherwise):
    """A class of pytest-benchmark's, which tests and filters may know, where it is installed."""
    try:
        return getattr(importlib.import_module("pytest_benchmark." + module), name, otherwise)
    except ImportError:
        return otherwise


def _plain(value):
    """A value as JSON carries it, or its text."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        return repr(value)
    return value
