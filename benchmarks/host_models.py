"""Machines for hosts.py: what rounds and control read on hosts that one rarely has at hand.

Each host says at any moment how fast each of its two cores is, and what share of it the program gets. Rounds and
control follow from that, and carry what the counters of such a host would tell.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from host_programs import CORES, PROGRAMS, Core, Program, Spent, of_part

from pytest_multicore.rounds.round import Control, Round, ThreadUse

#: Seconds: of a serial round on a core at full speed, of a burst of the control, between rounds, and of a budget.
ROUND_S, BURST_S, BETWEEN_S, BUDGET_S = 0.03, 0.015, 0.01, 60.0
#: Spread of a round's log time, and of a burst's.
NOISE, CONTROL_NOISE = 0.03, 0.04


#: Cores for so many threads at a time, in the order in which they are taken; a host's state is in its closure.
At = Callable[[float, int], Sequence[Core]]


@dataclass(frozen=True)
class Host:
    """A machine.

    Attributes:
        name: in the table.
        start: draws one, and gives what its cores are at any time.
        foreign: cores that others keep busy beside so many threads of ours, as far as the system tells.
        memory: what a core copies beside the neighbours, as a share of what it copies without; None: nobody is there.
        slow_memory: how fast work that waits for memory is beside so many threads of ours.
        own_speed: times as fast as others that a process may be, either way, for as long as it lives.
        programs: those that have a value on it.
        throttles: whether threads are held back by a quota, not by others.
        open_for: why many limits cannot be decided there by anybody; empty where they can.
    """

    name: str
    start: Callable[[Random], At]
    foreign: Callable[[Sequence[Core], int], float] = lambda cores, threads: 0.0
    memory: float | None = None
    slow_memory: Callable[[int], float] = lambda threads: 1.0
    own_speed: float = 1.0
    programs: tuple[Program, ...] = PROGRAMS
    throttles: bool = False
    open_for: str = ""


@dataclass
class Run:
    """One measurement of a program on a host."""

    host: Host
    program: Program
    draw: Random
    now_s: float = 0.0
    _at: At = field(init=False)
    _own: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        self._at = self.host.start(self.draw)
        most = math.log(self.host.own_speed)
        self._own = tuple(math.exp(self.draw.uniform(-most, most)) for _ in range(CORES))

    def rows(self) -> Iterator[tuple[Round, Round]]:
        """Rows until the budget is spent."""
        number = 0
        while self.now_s < BUDGET_S:
            order = self.draw.sample((0, 1), 2)
            taken = {side: self._round((CORES, 1)[side], number) for side in order}
            yield taken[0], taken[1]
            number += 1

    def _round(self, threads: int, number: int) -> Round:
        began_s, spent = self.now_s, Spent()
        cores: Sequence[Core] = ()
        slow = self.host.slow_memory(threads) if self.program.memory else 1.0
        noise = math.exp(self.draw.gauss(0, NOISE)) / self._own[threads - 1]
        for part in self.program.parts(number):
            cores = self._at(self.now_s + spent.wall_s, threads if part.split or part.copied else 1)
            spent = spent.then(of_part(part, cores), ROUND_S * noise / slow)
        self.now_s += spent.wall_s + BETWEEN_S
        foreign_s = self.host.foreign(cores, threads) * spent.wall_s
        ended = self.program.ends and threads > 1
        seen = spent.cpu_s[:1] if self.program.ends else spent.cpu_s
        return Round(
            threads=threads,
            repeat=1,
            began_s=began_s,
            wall_s=spent.wall_s,
            cpu_s=sum(spent.cpu_s),
            delay_s=0.0 if ended or self.host.throttles else sum(spent.waited_s),
            thread_use=tuple(
                ThreadUse("python", 1, tid, used, waited)
                for tid, (used, waited) in enumerate(zip(seen, spent.waited_s, strict=False))
                if used
            ),
            foreign_s=foreign_s,
            steal_s=spent.stolen_s,
            throttled_s=sum(spent.waited_s) if self.host.throttles else 0.0,
            quiet=True,
            control=self._control(threads, cores[-1:] if threads == 1 else ()),
            cores_online=CORES,
            cores_open=1.5 if self.host.throttles else CORES,
            cores_granted=1.5 if self.host.throttles else CORES,
            cores_in_reach=CORES,
            threads_unseen=1 if ended else 0,
            foreign_raw_s=foreign_s,
        )

    def _control(self, threads: int, same: Sequence[Core]) -> Control:
        """A burst on the cores where the round's threads ran."""
        cores = same if same and self.host.name.startswith("one slow") else self._at(self.now_s, threads)
        self.now_s += BURST_S + BETWEEN_S / 2
        speed = min(core.rate * math.exp(self.draw.gauss(0, CONTROL_NOISE)) for core in cores)
        beside = self.host.memory if threads == 1 else None
        memory = None if beside is None else beside * math.exp(self.draw.gauss(0, 0.1))
        return Control(threads, speed, min(core.share * (1 - core.stolen) for core in cores), memory)


class Spells:
    """On and off by turns, each for a drawn time."""

    def __init__(self, draw: Random, on_s: float, share: float) -> None:
        self.draw, self.on_s, self.off_s = draw, on_s, on_s * (1 - share) / share if share < 1 else 0.0
        self.ends_s, self.on = 0.0, draw.random() < share

    def at(self, now_s: float) -> bool:
        """Whether it is on; asked in the order of time."""
        while now_s >= self.ends_s:
            self.on = not self.on
            self.ends_s += self.draw.expovariate(1 / max(self.on_s if self.on else self.off_s, 1e-6))
        return self.on


def quiet(draw: Random) -> At:
    """Two cores of one's own."""
    return lambda now_s, threads: [Core()] * threads


def siblings(draw: Random) -> At:
    """Other guests come and go on the cores' sibling threads."""
    busy = [Spells(draw, draw.uniform(0.02, 0.5), draw.uniform(0.2, 0.8)) for _ in range(CORES)]

    def at(now_s: float, threads: int) -> list[Core]:
        return [Core(0.6 if one.at(now_s) else 1.0) for one in busy][:threads]

    return at


def one_real_core(spell_s: float | None = None, share: float = 1.0) -> Callable[[Random], At]:
    """Both cores are threads of one real core, always or for some time."""

    def start(draw: Random) -> At:
        spells = None if spell_s is None else Spells(draw, spell_s, share)
        return lambda now_s, threads: (
            [Core(0.55 if threads > 1 and (not spells or spells.at(now_s)) else 1.0)] * threads
        )

    return start


def burst_clock(draw: Random) -> At:
    """One core at work has a clock that two do not have."""
    return lambda now_s, threads: [Core(1.35 if threads == 1 else 1.0)] * threads


def heat(draw: Random) -> At:
    """The clock sinks within half a minute, further with two cores at work."""
    return lambda now_s, threads: [Core(1 - (0.1 if threads == 1 else 0.3) * min(1.0, now_s / 30))] * threads


def steal(share: float) -> Callable[[Random], At]:
    """A hypervisor takes part of each core, by turns."""

    def start(draw: Random) -> At:
        taken = [Spells(draw, 0.05, min(0.9, 2 * share)) for _ in range(CORES)]
        return lambda now_s, threads: [Core(stolen=0.5 if one.at(now_s) else 0.0) for one in taken][:threads]

    return start


def one_slow_core(draw: Random) -> At:
    """One core is slower, and one thread is on either."""

    def at(now_s: float, threads: int) -> list[Core]:
        cores = draw.sample([Core(1.0), Core(0.6)], CORES)
        return cores[:threads]

    return at


def quota(draw: Random) -> At:
    """1.5 cores, in periods of 0.1 s: what two threads would use beyond is held back."""
    return lambda now_s, threads: [Core(share=1.0 if threads == 1 else 0.75)] * threads


def neighbour(cores: float, gusts_s: float | None = None) -> Callable[[Random], At]:
    """Others' threads at ordinary priority: a core that one of them wants is shared with it."""

    def start(draw: Random) -> At:
        there = None if gusts_s is None else Spells(draw, gusts_s, 0.5)

        def at(now_s: float, threads: int) -> list[Core]:
            wanted = 0.0 if there and not there.at(now_s) else min(cores, float(CORES))
            free = CORES - threads
            shared = [min(1.0, max(0.0, wanted - free - number)) for number in range(threads)]
            return [Core(share=1 - one / 2) for one in shared]

        return at

    return start


def _beside(cores: float) -> Callable[[Sequence[Core], int], float]:
    """What neighbours use: what they want, less what we take of it."""
    return lambda ours, threads: max(0.0, min(cores, CORES - sum(core.share for core in ours)))


def _in_gusts(ours: Sequence[Core], threads: int) -> float:
    return max((1 - core.share for core in ours), default=0.0)


ONE_CORE = "two threads attain 1.1x meanwhile, whatever the program could do"
TAKEN = "what others take is as much as the limit asks for"

HOSTS = (
    Host("quiet", quiet),
    Host(
        "sibling threads shared with other guests",
        siblings,
        open_for="the slower of two cores is the rule: two threads attain 1.2x to 1.6x",
    ),
    Host("two virtual cores on a real one", one_real_core(), open_for=ONE_CORE),
    *(
        Host(
            f"the same in spells of {spell_s:g} s, {share:.0%} of the time",
            one_real_core(spell_s, share),
            open_for=ONE_CORE,
        )
        for spell_s, share in ((0.1, 0.05), (0.1, 0.4), (0.1, 0.8), (1.0, 0.2), (1.0, 0.5), (5.0, 0.4), (5.0, 0.8))
    ),
    Host(
        "a burst clock that one core alone has",
        burst_clock,
        open_for="two cores at the clock of two attain 1.48x of one at its own",
    ),
    Host("clocks that sink with heat", heat),
    *(Host(f"steal of {share:.0%}", steal(share), open_for=TAKEN if share > 0.2 else "") for share in (0.02, 0.1, 0.3)),
    Host(
        "one slow core",
        one_slow_core,
        open_for="the baseline runs on either core, and its ratio has two values",
    ),
    Host(
        "a quota of 1.5 cores",
        quota,
        throttles=True,
        open_for="what is over 1.5x is out of reach there, before anything runs",
    ),
    *(
        Host(
            f"a neighbour of {cores:g} cores", neighbour(cores), _beside(cores), open_for=TAKEN if cores >= 0.5 else ""
        )
        for cores in (0.1, 0.3, 0.5, 1.0, 2.0)
    ),
    *(Host(f"gusts of {s:g} s", neighbour(1.0, s), _in_gusts) for s in (0.05, 0.2, 1.0)),
    Host(
        "a neighbour that streams memory, driven away",
        quiet,
        lambda ours, threads: 1.0 if threads == 1 else 0.0,
        memory=0.5,
        open_for="the baseline is slowed and the contender is not: the ratio is too high by an unknown factor",
        slow_memory=lambda threads: 0.7 if threads == 1 else 1.0,
    ),
    Host(
        "processes of their own speed, by where their memory lies: work on one thread",
        quiet,
        own_speed=1.12,
        open_for="what one thread gains or loses there is its process's own, so a limit near 1.0x says nothing",
        programs=tuple(one for one in PROGRAMS if one.name == "serial"),
    ),
)
