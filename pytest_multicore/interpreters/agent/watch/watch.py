"""The `watch` message: observe this process from within, or change the surroundings of its code.

  parent -> watch     {"observe": bool, "trace": bool, "changes": [names], "threads": n >= 1 | null}
                                                                              before open and test, once
  child  -> watching  {"changes": [those of them that can be made on this Python]}

observe: `facts` then holds "observed", see observe.py. trace: lines are traced from the first region on, for a region
that is over before a sampler looks. changes: see change/change.py; `facts` then holds "changed", how often each of them
has made a difference. threads: the thread count, for changes that need one. None of this is loaded without the message.
An observed round is not used for a verdict: the observation takes time, and a thread.
"""


class Watch(object):
    """What runs before and after each measured region.

    Attributes:
        changes: the names of the changes that were made.
    """

    def __init__(self, message, measure, affinity_at_start, start_changes, load_sibling):
        self._plain_measure = measure
        failures, change_module = load_sibling("dialogue/failures"), load_sibling("change/change")
        unknown = [name for name in message["changes"] if name.partition(" ")[0] not in change_module.CHANGES]
        if unknown:
            known = ", ".join(sorted(change_module.CHANGES))
            raise failures.Failure("protocol", "there is no change %r; there are %s" % (unknown[0], known))
        # The observer first: a sleep that a change leaves out must not count as slept.
        self._observer = None
        if message["observe"]:
            self._observer = load_sibling("watch/observe").Observer(load_sibling, start_changes, message["trace"])
        given = (affinity_at_start, message["threads"], load_sibling)
        changes = [(name, change_module.make(name, *given)) for name in message["changes"]]
        self.changes = [name for name, change in changes if change.possible]
        self._changes = [(name, change) for name, change in changes if change.possible]

    def measure(self, region, repeat):
        """The plain measurement, for a round."""
        return self._measure(region, repeat, True)

    def measure_first(self, region, repeat):
        """The same for a test's first call, or a call that contains it."""
        return self._measure(region, repeat, False)

    def count_steps(self):
        """Have the next round count the runs of the hottest line, where the process is observed."""
        if self._observer is not None:
            self._observer.count_steps()

    def report(self):
        """The observation; None where none was asked for."""
        return self._observer and self._observer.report()

    def used(self):
        """How often each change has made a difference, by name."""
        return dict((name, change.used) for name, change in self._changes)

    def _measure(self, region, repeat, is_round):
        for _, change in self._changes:
            change.before_region()
        if self._observer is None:
            return self._plain_measure(region, repeat)
        self._observer.enter(is_round)
        try:
            return self._plain_measure(region, repeat)
        finally:
            self._observer.leave()
