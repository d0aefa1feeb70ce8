"""Where the time of compiled Theano functions goes, and the shapes that their operations see. Raw: the parent judges.

Three calls, in a run of its own: `begin` before the program is opened, `start` once it is, `read` after its round.
Theano's profiler times each operation within its C loop. What it does after each call of a function (adding up, in
Python) would be charged to the program's own Python, so it is put off until `read`. Shapes need Theano's memory
profile, whose loop is Python and slow: they are taken in another interpreter, where no time is believed.

Theano 0.8 to 1.0, CPython 2.7 and 3.6 or later.
"""

import gc

#: Different shapes of one operation that are told, the commonest first.
SHAPES_TOLD = 8
#: Different shapes of one operation that are kept.
SHAPES_KEPT = 1000

watched = []  # of Watch, one for each compiled function
others = []  # how many more there were at `start`


class Watch(object):
    """One compiled function from `start` on."""

    def __init__(self, function):
        self.function = function
        self.vm = function.fn
        self.shapes = dict((node, {}) for node in self.vm.nodes)
        self.profile = function.profile
        self.at_start = self.told_by_profile()
        for index in range(len(self.vm.call_times)):
            self.vm.call_times[index] = 0.0
            self.vm.call_counts[index] = 0
        self.vm.update_profile = self.after_call

    def told_by_profile(self):
        """Calls so far, the seconds that they took, and those within the machine that runs the operations."""
        return self.profile.fct_callcount, self.profile.fct_call_time, self.profile.vm_call_time

    def after_call(self, _profile):
        """What Theano calls in place of adding up: note the shapes where they are known."""
        known = getattr(self.vm, "variable_shape", None)
        if not known:
            return
        for node, seen in self.shapes.items():
            shapes = tuple(tuple(_shape(known.get(one)) for one in side) for side in (node.inputs, node.outputs))
            if shapes in seen or len(seen) < SHAPES_KEPT:
                seen[shapes] = seen.get(shapes, 0) + 1

    def read(self):
        """The function and its operations since `start`, as data."""
        now = self.told_by_profile()
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
        shapes: note the shapes in place of honest times.
    """
    import theano

    theano.config.profile = True
    theano.config.profile_memory = bool(shapes)
    return {"theano": str(theano.__version__)}


def start():
    """Watch every function that was compiled since `begin`; returns how many."""
    from theano.compile import profiling

    found = _functions()
    able = [one for one in found if one.profile and hasattr(one.fn, "update_profile") and hasattr(one.fn, "call_times")]
    watched[:] = [Watch(one) for one in able]
    others[:] = [len(found) - len(able)]
    profiling._atexit_print_list[:] = []  # or each profile is printed into the log when the interpreter ends
    return {"watched": len(able)}


def read():
    """What the watched functions did since `start`, and the settings that decide about threads."""
    import theano

    return {
        "theano": str(theano.__version__),
        "openmp": bool(theano.config.openmp),
        "openmp_elemwise_minsize": int(theano.config.openmp_elemwise_minsize),
        "functions": [one.read() for one in watched],
        "not_watched": len(_functions()) - len(watched) - sum(others),
    }


def _functions():
    """Every compiled function; those within a scan are its operation's own affair."""
    from theano.compile.function_module import Function

    return [one for one in gc.get_objects() if issubclass(type(one), Function)]


def _shape(known):
    """A shape as a tuple of ints; None where there is none."""
    try:
        return tuple(int(length) for length in known)
    except (TypeError, ValueError):
        return None


def _commonest(seen):
    rows = sorted(seen.items(), key=lambda row: -row[1])[:SHAPES_TOLD]
    return [{"inputs": inputs, "outputs": outputs, "calls": count} for (inputs, outputs), count in rows]
