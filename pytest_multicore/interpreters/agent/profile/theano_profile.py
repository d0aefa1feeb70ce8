"""The times of compiled Theano functions and their operations, and the shapes of the operations' inputs.

Three calls, in a run of its own: `begin` before the program is opened, `start` once it is, `read` after its round.
Theano's profiler times each operation within its C loop. After each call of a function it adds up the times in Python,
which would count as the program's own: that is postponed until `read`. Shapes need Theano's memory profile, whose loop
is slow Python: they are noted in another interpreter, whose times are not used.

Theano 0.8 to 1.0, CPython 2.7 and 3.6 or later.
"""

import gc

#: Different shapes of one operation that are reported, the commonest first.
MAX_REPORTED_SHAPES = 8
#: Different shapes of one operation that are counted.
MAX_SHAPES = 1000

watched = []  # of FunctionWatch, one for each compiled function
unwatched_counts = []  # how many more there were at `start`


class FunctionWatch(object):
    """One compiled function from `start` on."""

    def __init__(self, function):
        self.function = function
        self.vm = function.fn
        self.shapes = dict((node, {}) for node in self.vm.nodes)
        self.profile = function.profile
        self.at_start = self.profile_totals()
        for index in range(len(self.vm.call_times)):
            self.vm.call_times[index] = 0.0
            self.vm.call_counts[index] = 0
        self.vm.update_profile = self.after_call

    def profile_totals(self):
        """Calls so far, their seconds, and the seconds within the virtual machine that runs the operations."""
        return self.profile.fct_callcount, self.profile.fct_call_time, self.profile.vm_call_time

    def after_call(self, _profile):
        """Called by Theano in place of its own adding up: count the shapes, where they are known."""
        known = getattr(self.vm, "variable_shape", None)
        if not known:
            return
        for node, counts in self.shapes.items():
            sides = (node.inputs, node.outputs)
            shapes = tuple(tuple(_shape(known.get(variable)) for variable in side) for side in sides)
            if shapes in counts or len(counts) < MAX_SHAPES:
                counts[shapes] = counts.get(shapes, 0) + 1

    def read(self):
        """The function and its operations since `start`, as data."""
        now = self.profile_totals()
        calls, call_s, vm_s = [after - before for after, before in zip(now, self.at_start)]  # noqa: B905 - 2.7
        rows = zip(self.vm.nodes, self.vm.call_times, self.vm.call_counts)  # noqa: B905 - 2.7 has no strict
        nodes = [
            {
                "index": index,
                "kind": type(node.op).__name__,
                "operation": str(node.op),
                "calls": count,
                "seconds": seconds,
                "dtype": str(getattr(node.outputs[0], "dtype", "")) if node.outputs else "",
                "shapes": _commonest(self.shapes[node]),
            }
            for index, (node, seconds, count) in enumerate(rows)
            if count
        ]
        name = str(self.function.name or "")
        return {"name": name, "calls": calls, "call_s": call_s, "vm_s": vm_s, "nodes": nodes}


def begin(shapes=False):
    """Have Theano profile the functions that it compiles from now on.

    Args:
        shapes: note the shapes; the times are then wrong.
    """
    import theano

    theano.config.profile = True
    theano.config.profile_memory = bool(shapes)
    return {"theano": str(theano.__version__)}


def start():
    """Watch every function that was compiled since `begin`; returns how many."""
    from theano.compile import profiling

    functions = _functions()
    supported = [function for function in functions if function.profile and _is_supported(function.fn)]
    watched[:] = [FunctionWatch(function) for function in supported]
    unwatched_counts[:] = [len(functions) - len(supported)]
    profiling._atexit_print_list[:] = []  # otherwise each profile is printed into the log when the interpreter ends
    return {"watched": len(supported)}


def read():
    """The figures of the watched functions since `start`, and the settings that decide about threads."""
    import theano

    return {
        "theano": str(theano.__version__),
        "openmp": bool(theano.config.openmp),
        "openmp_elemwise_minsize": int(theano.config.openmp_elemwise_minsize),
        "functions": [function.read() for function in watched],
        "not_watched": len(_functions()) - len(watched) - sum(unwatched_counts),
    }


def _is_supported(vm):
    return hasattr(vm, "update_profile") and hasattr(vm, "call_times")


def _functions():
    """Every compiled function, without those inside a scan, which count as its operation."""
    from theano.compile.function_module import Function

    return [value for value in gc.get_objects() if issubclass(type(value), Function)]


def _shape(shape):
    """A shape as a tuple of ints; None where there is none."""
    try:
        return tuple(int(length) for length in shape)
    except (TypeError, ValueError):
        return None


def _commonest(counts):
    rows = sorted(counts.items(), key=lambda row: -row[1])[:MAX_REPORTED_SHAPES]
    return [{"inputs": inputs, "outputs": outputs, "calls": count} for (inputs, outputs), count in rows]
