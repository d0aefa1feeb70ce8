"""The rules of deciding that can be left out, one line each: what each guards against.

judge.py lists them in the order in which they are applied. ``benchmarks/ablation.py`` leaves out one after the other,
on recorded and simulated hosts, and docs/explanation/verdicts.md shows what each earns. A rule whose removal makes
nothing wrong has no place here.
"""

from __future__ import annotations

from enum import Enum


class Rule(Enum):
    """A rule that can leave a verdict open, set rows aside, or change when measuring stops."""

    CONTROL = "a miss is the program's only as far as the machine could have given more, by the control"
    UNDISTURBED_ROWS = "undisturbed rows are judged by themselves, too"
    SPAN = "undisturbed rows say slow only if they come from half of the measurement at least"
    UNKNOWN_WAITS = "rows with unknown waits are undisturbed only if others used next to nothing over all of them"
    WAITS = "cores are bounded from above by the time that threads waited for one, where others used any"
    ENDED_THREADS = "the time that others used stands in for the waits of threads that have ended"
    FEWER_CORES = "a side that keeps fewer cores busy than the other may gain by a lack of cores"
    HELD_UP = "where threads take turns or outnumber the cores, what held up the baseline is no gain"
    SLOW_CORE = "a baseline that stays on a slow core shows no gain beyond the speed of that core"
    MEMORY = "beside a neighbour that streams memory, and is driven away, nothing is shown to be faster"
    ONE_THREAD = "where one thread did all the work on both sides, what they differ by decides nothing"
    OWN_POOL = "where the baseline used more cores than it was set to use, no lack of gain is reported"
    CAP = "no figure is over the cores that there are"
    CLOCKS = "the CPU clock's lateness is inside the interval of cores"
    SETTLE = "a miss, or a max_ limit that is met, must last some seconds"
    FUTILITY = "measuring ends when no row to come could decide"


#: No rule is left out: how verdicts are reached.
NO_RULES: frozenset[Rule] = frozenset()
