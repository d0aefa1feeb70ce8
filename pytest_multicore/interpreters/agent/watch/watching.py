"""The `watch` message: have this process looked on from within, or change one thing of the world that its code runs in.

  parent -> watch     {"observe": bool, "trace": bool, "changes": [names], "threads": n >= 1 | null}
                                                                              before open and test, once
  child  -> watching  {"changes": [those of them that can be made on this Python]}

observe: `facts` then holds "observed", see observing.py. trace: its lines are traced from the first region on, for one
that is over before a sampler looks. changes: see changing.py; `facts` then holds "changed", how often each of them has
made a difference. threads: what was asked for, where a change needs a number. Nothing of this is loaded without the
message. The figures of a round that is observed are not for a verdict: looking on takes time, and a thread.
"""


class Watch(object):
    """What goes round each measured region.

    Attributes:
        changes: the names of those that were made.
    """

    def __init__(self, message, affinity_at_start, load_sibling):
        self._clocks = load_sibling("dialogue/clocks")
        failures, changing = load_sibling("dialogue/failures"), load_sibling("change/changing")
        unknown = [name for name in message["changes"] if name not in changing.CHANGES]
        if unknown:
            known = ", ".join(sorted(changing.CHANGES))
            raise failures.Failure("protocol", "there is no change %r; there are %s" % (unknown[0], known))
        # The observer first: a sleep that is left out is none that was slept.
        self._observer = None
        if message["observe"]:
            self._observer = load_sibling("watch/observing").Observer(load_sibling, message["trace"])
        asked = changing.Asked(affinity_at_start, message["threads"], load_sibling)
        made = [(name, changing.CHANGES[name](asked)) for name in message["changes"]]
        self.changes = [name for name, change in made if change.possible]
        self._made = [(name, change) for name, change in made if change.possible]

    def measure(self, region, repeat):
        """What clocks.measure does, for a round."""
        return self._measure(region, repeat, True)

    def measure_first(self, region, repeat):
        """What clocks.measure does, for a call that is a test's first, or holds one."""
        return self._measure(region, repeat, False)

    def report(self):
        """What was observed, None where that was not asked for."""
        return self._observer and self._observer.report()

    def used(self):
        """How often each change has made a difference, by name."""
        return dict((name, change.used) for name, change in self._made)

    def _measure(self, region, repeat, is_round):
        for _, change in self._made:
            change.before_region()
        if self._observer is None:
            return self._clocks.measure(region, repeat)
        self._observer.enter(is_round)
        try:
            return self._clocks.measure(region, repeat)
        finally:
            self._observer.leave()
