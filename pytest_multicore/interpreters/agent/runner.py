"""The child's side of a measurement: located and run by path, never imported.

    <python> -s -B /abs/path/runner.py        (CPython 2.7 and 3.6 or later, standard library only)

This text is the wire contract. Messages are JSON objects, one a line, UTF-8; each holds "protocol": 1 and "type". The
parent asks on descriptor 0, the child answers on descriptor 1, one answer to each question. A question may hold a
number, "question", which its answer repeats. Descriptor 2 is the log:
the parent gives a file. Before any other code runs the child moves the dialogue to private copies of 0 and 1 (high
numbers, closed on exec and after fork); then 0 is the null device and 1 a copy of 2, so no print can garble a message.

  child  -> hello   {"python": [3, 8, 18], "implementation": "CPython", "executable", "pid", "affinity": [0, 1] | null}
  parent -> watch   observe the region, or change its surroundings; only before open and test: see watch/watch.py
  child  -> watching {"changes": [those that can be made here]}
  parent -> open    {"target", "arguments": {}, "path": [directories for the front of sys.path, unless there],
                     "threads": for a function that takes `threads` and is not given it; may be missing}
  child  -> ready   {"form": "set-up" | "function", "setup_s", "warmup_s", "warmup_cpu_s"}
  parent -> round   {"repeat": n >= 1}
  child  -> done    {"repeat", "wall_s", "process_cpu_start_s", "process_cpu_end_s", "children_cpu_s", "clocks_s",
                     "ended_cpu_s", "ended_wait_s"}
  parent -> call    {"target", "arguments", "path", "threads"}
  child  -> result  {"value", "wall_s", "cpu_s"}
  parent -> imports packages to import, of which all changes are told: see watch/bare_imports.py
  parent -> test    a pytest item as the workload: see marked_test/pytest_agent.py
  parent -> facts   {"variables": [names], "count_steps": whether the next round counts the hottest line's runs}
  child  -> facts   see dialogue/facts.py
  parent -> close   or end of file: the child runs its exit handlers and ends with 0. It ends with 88 where the
                    measured code has closed the dialogue's descriptors: the log's may be among them

A target is "builtin:NAME" (workloads/NAME.py, its function `prepare`), "package.module:function" (dots allowed after
the colon) or "/abs/file.py:function" (loaded under its stem; its directory goes to the front of sys.path).

A workload is a function that is called once with the arguments. If it returns a callable, the function was the set-up
(setup_s: loading and calling it), and the callable, which takes no arguments, is the measured region and runs once as
warm-up. Otherwise the function with its arguments is the region, that call was its warm-up, and setup_s is loading
alone. A coroutine, generator or other awaitable is refused: making one does none of its work.

A round calls the region `repeat` times. wall_s is monotonic; process_cpu_*_s are readings of the process's own CPU
clock (all threads, ended ones too); children_cpu_s is the CPU time of the children that the round waited for; clocks_s
is the wall time by which the readings of CPU time may lie further apart than those of wall_s; ended_*_s are CPU time,
and time without a core at most, of the Python threads that began and ended within the round. warmup_cpu_s and cpu_s are
the CPU time of the process and of the children that it waited for.

  child -> error   {"kind", "exception": "ValueError: x", "message": a sentence, "traceback": the user's frames}

| kind     | what happened                                                            | afterwards             |
| import   | the target, or a module that it needs, cannot be loaded                  | open another           |
| workload | user code raised, or is of a form that cannot be measured                | ask on                 |
| exit     | user code called sys.exit or raised KeyboardInterrupt                    | ask on                 |
| value    | `call` returned what JSON cannot carry                                   | ask on                 |
| protocol | a line is not a message of this protocol, or comes out of turn           | ask on                 |
| python   | this Python is too old; it comes in place of hello                       | the child ends, with 2 |

Values: no NaN or infinities, no lone surrogates (Python 3), no types but JSON's; tuples arrive as lists, keys as
strings. Other texts that are not UTF-8 are made so with replacement. Where user code ends the process (os._exit, a
signal) or closes the private descriptors, the parent sees end of file, and the log holds what is known.
"""

import sys

PROTOCOL = 1
open_file = open  # as it is now: a test may replace it, and more siblings are loaded after its call
SIBLINGS = {}  # name -> module: 2.7 empties a module without references


def refuse_old_python():
    """End with an error message where this Python is older than 2.7, or 3.0 to 3.5."""
    version = sys.version_info
    if version >= (3, 6) or (2, 7) <= version < (3, 0):
        return
    running = "%d.%d.%d" % tuple(version[:3])
    sys.stdout.write(
        '{"protocol": %d, "type": "error", "kind": "python", "exception": "", "traceback": "", '
        '"message": "the isolated interpreter is Python %s; it must be 2.7, or 3.6 or later"}\n' % (PROTOCOL, running)
    )
    sys.stdout.flush()
    sys.exit(2)


def load_sibling(name):
    """Run the file `name`.py below this folder, for instance "watch/pools", and return it as a module.

    It is not put into sys.modules, so that neither it nor a user's module of the same name can shadow the other.
    """
    if name in SIBLINGS:
        return SIBLINGS[name]
    path = os.path.join(HERE, *(name + ".py").split("/"))
    module = SIBLINGS[name] = type(sys)("pytest_multicore_agent_" + name.replace("/", "_"))
    module.__file__, module.open = path, open_file
    with open_file(path, "rb") as source:
        code = compile(source.read(), path, "exec", 0, True)
    exec(code, module.__dict__)  # noqa: S102 - our own file, by its own path
    return module


def leave_own_folder():
    """Remove the agent's folder from sys.path, where Python puts the folder of a script."""
    if sys.path and os.path.realpath(sys.path[0]) == os.path.realpath(HERE):
        del sys.path[0]


class Session(object):
    """The child's state between two messages: the region that was opened, and the affinity at the start."""

    def __init__(self):
        self.region = None
        self.target = None
        self.affinity_at_start = process.affinity()
        self.changes = load_sibling("watch/start_changes").StartChanges(load_sibling)
        targets.import_noted = load_sibling("watch/imports").noted
        self.watcher = None
        self.measure = self.measure_first = load_sibling("dialogue/ended_threads").EndedThreads(clocks).measure

    def answer(self, message):
        """The answer to one decoded message."""
        # No table of bound methods in self: that cycle would outlive `serve`, and free the user's objects too late.
        answers = {"open": self.open, "round": self.round, "call": self.call, "facts": self.facts, "watch": self.watch}
        answers["imports"] = self.imports
        if message["type"] not in answers:
            raise failures.Failure("protocol", "%s comes out of turn" % message["type"])
        return answers[message["type"]](message)

    def hello(self):
        """The first message."""
        return {
            "type": "hello",
            "python": list(sys.version_info[:3]),
            "implementation": process.implementation(),
            "executable": failures.text(sys.executable),
            "pid": os.getpid(),
            "affinity": self.affinity_at_start,
        }

    def watch(self, message):
        """Replace the plain measurement by one that observes the region, or changes its surroundings."""
        if self.target is not None or self.watcher is not None:
            raise failures.Failure("protocol", "watch comes out of turn: it goes before open and test, and once")
        self.watcher = load_sibling("watch/watch").Watch(
            message, self.measure, self.affinity_at_start, self.changes, load_sibling
        )
        self.measure, self.measure_first = self.watcher.measure, self.watcher.measure_first
        return {"type": "watching", "changes": self.watcher.changes}

    def open(self, message):
        """Load and prepare a workload, and run its region once."""
        self.region = None  # the region of an earlier open must not be measured under this one's name
        self.target = message["target"]
        self.changes.enter("set-up")
        function, arguments, loaded_s = load_function(message)
        self.changes.enter("first call")
        value, called_s, cpu_s = timed_call(self.target, function, arguments)
        self.changes.enter("rounds")
        ready = {"type": "ready", "form": "function", "setup_s": loaded_s, "warmup_s": called_s, "warmup_cpu_s": cpu_s}
        if not callable(value):
            refuse_promise(self.target, value)
            self.region = (lambda: function(**arguments)) if arguments else function
            return ready
        self.changes.rename("first call", "set-up")
        self.changes.enter("first call")
        result, warmup_s, cpu_s = timed_call("the region returned by " + self.target, value, {})
        self.changes.enter("rounds")
        refuse_promise("the region returned by " + self.target, result)
        self.region = value
        return dict(ready, form="set-up", setup_s=loaded_s + called_s, warmup_s=warmup_s, warmup_cpu_s=cpu_s)

    def round(self, message):
        """Run the region `repeat` times between two readings of the clocks."""
        if self.region is None:
            raise failures.Failure("protocol", "a round was asked for, but no workload is open: send open first")
        try:
            figures = self.measure(self.region, message["repeat"])
        except:  # noqa: E722 - 2.7 can raise classes that are no BaseException
            raise failures.from_user_code(self.target, "failed in a round")
        return dict(figures, type="done", repeat=message["repeat"])

    def call(self, message):
        """Call a function once for its value."""
        before = self.changes.enter("call of %s" % message["target"])
        try:
            return self.called(message)
        finally:
            self.changes.enter(before)

    def imports(self, message):
        """Import packages and tell what that changed."""
        return load_sibling("watch/bare_imports").answer(message, self.changes, load_sibling)

    def called(self, message):
        """The answer to `call`."""
        function, arguments, _ = load_function(message)
        value, wall_s, cpu_s = timed_call(message["target"], function, arguments)
        refuse_promise(message["target"], value)
        return {"type": "result", "value": value, "wall_s": wall_s, "cpu_s": cpu_s}

    def facts(self, message):
        """Collect the facts of this process now; none of it runs in a measured region."""
        try:
            libraries = load_sibling("dialogue/libraries")
            facts = load_sibling("dialogue/facts").collect(libraries, failures.text, message["variables"])
        except:  # noqa: E722 - see round
            raise failures.from_user_code("the collection of facts", "failed")
        if message.get("count_steps") and self.watcher:
            self.watcher.count_steps()
        facts.update(
            affinity=process.affinity(),
            affinity_at_start=self.affinity_at_start,
            start_changes=self.changes.report(),
            implementation=process.implementation(),
            observed=self.watcher and self.watcher.report(),
            changed=self.watcher and self.watcher.used(),
            overlay=load_sibling("change/overlay").imported(),
        )
        return dict(facts, type="facts")


def load_function(message):
    """The function that a message's target names, its arguments, and the seconds that loading took."""
    targets.prepend_path([targets.native(folder) for folder in message["path"]])
    start_s = clocks.wall()
    try:
        function = targets.load(message["target"], os.path.join(HERE, "workloads"))
    except:  # noqa: E722 - see round
        raise failures.from_user_code(message["target"], "cannot be loaded", "import")
    arguments = dict((targets.native(name), value) for name, value in message["arguments"].items())
    if "threads" in message and targets.takes(function, "threads"):
        arguments.setdefault("threads", message["threads"])
    return function, arguments, clocks.wall() - start_s


def timed_call(what, function, arguments):
    """Call user code; returns its value, its wall seconds, and its CPU seconds, its children's included."""
    cpu_s = clocks.children_cpu() + clocks.process_cpu()
    start_s = clocks.wall()
    try:
        value = targets.call(function, arguments)
    except:  # noqa: E722 - see round
        raise failures.from_user_code(what, "failed")
    wall_s = clocks.wall() - start_s
    return value, wall_s, clocks.process_cpu() + clocks.children_cpu() - cpu_s


def refuse_promise(what, value):
    """Fail where user code returned an object that stands for work not done yet."""
    promise = targets.describe_promise(value)
    if promise:
        raise failures.Failure("workload", "%s returned %s" % (what, promise))


def run_test(dialogue, message):
    """Run a pytest session of one test, which sends its own last message."""
    targets.prepend_path([targets.native(folder) for folder in message["path"]])
    try:
        load_sibling("marked_test/pytest_agent").run(dialogue, message, load_sibling)
    except:  # noqa: E722 - see round
        failure = failures.from_user_code(message["arguments"].get("nodeid", "the test"), "cannot be run")
        dialogue.send(failure.message())


def serve(wire):
    """Say hello, then answer until the parent closes."""
    session = Session()
    wire.send(session.hello())
    dialogue = load_sibling("dialogue/dialogue").Dialogue(wire, session, PROTOCOL, load_sibling)
    while True:
        message = dialogue.receive()
        if message["type"] == "close":
            return
        if message["type"] == "test":
            run_test(dialogue, message)
        else:
            dialogue.send(dialogue.answer(message))


def main():
    """Take over the descriptors, then answer until the parent closes."""
    wire = channel.Channel(PROTOCOL, failures)
    process.die_with_parent()
    process.show_crashes_in_log()
    leave_own_folder()
    load_sibling("change/overlay").install()
    try:
        serve(wire)
    except (OSError, IOError) as error:  # noqa: UP024 - two classes in 2.7
        process.end_without_dialogue(error)
    except KeyboardInterrupt:  # between two messages: the user stopped it all
        sys.exit(130)


if __name__ == "__main__":
    refuse_old_python()

    import os

    HERE = os.path.dirname(os.path.abspath(__file__))
    channel = load_sibling("dialogue/channel")
    clocks = load_sibling("dialogue/clocks")
    failures = load_sibling("dialogue/failures")
    process = load_sibling("dialogue/process")
    targets = load_sibling("dialogue/targets")
    targets.StartPath = failures.StartPath = load_sibling("dialogue/start_path").StartPath
    main()
