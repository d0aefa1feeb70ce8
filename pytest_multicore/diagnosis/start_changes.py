"""What a measured interpreter noted since its start that leaves a program fewer cores, and who did it.

The agent notes it in every measured interpreter (agent/watch/start_changes.py). Pure: facts in, words out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_multicore.diagnosis.openmp_settings import OpenMPSetting, openmp_setting
from pytest_multicore.environments.threads import THREAD_VARIABLES

#: Variables whose value is a number of threads or workers, or its upper bound.
COUNT_VARIABLES = (
    *THREAD_VARIABLES,
    "OMP_THREAD_LIMIT",
    "MKL_DOMAIN_NUM_THREADS",
    "TF_NUM_INTEROP_THREADS",
    "NPROC",
)
VARIABLE, POOL = "variable ", "pool "


@dataclass(frozen=True, slots=True)
class StartChange:
    """One change since an interpreter's start, as it stood at the end.

    Attributes:
        module: whose import made it; empty where no module was being loaded.
        step: what ran meanwhile: ``set-up``, ``fixture NAME``, ``first call``, ``rounds``, ``collection``.
        what: ``variable NAME``, ``pool API``, ``affinity``, ``gil``.
        path: of a pool's library; empty else.
        before, after: the state before the first and after the last change of it.
        default: the value that ``os.environ.setdefault`` would have given a variable that was set; None else.
        pools_followed: the sizes of the pools that were loaded after it: they have read such a variable.
        openmp_followed: whether one of these is OpenMP's.
    """

    module: str
    step: str
    what: str
    path: str
    before: Any
    after: Any
    default: str | None = None
    pools_followed: tuple[int, ...] = ()
    openmp_followed: bool = False

    @property
    def variable(self) -> str:
        """The variable's name; empty where it is none."""
        return self.what.removeprefix(VARIABLE) if self.what.startswith(VARIABLE) else ""

    @property
    def who(self) -> str:
        """Who made it, as the subject of a sentence."""
        if self.module:
            return f"importing `{self.module}`"
        kind, _, name = self.step.partition(" ")
        return f"the fixture `{name}`" if kind == "fixture" and name else f"the {self.step or 'start'}"

    @property
    def cores(self) -> float | None:
        """The cores that it leaves to what follows it; None where it bounds nothing."""
        if self.variable:
            value = self.after if self.default is None else self.default
            return _count(value) if self.variable in COUNT_VARIABLES else None
        if self.what == "affinity":
            return len(self.after) if self.after else None
        return self.after if self.what.startswith(POOL) and self.before is not None else None

    @property
    def cores_before(self) -> float | None:
        """The same before it; None where nothing bounded it."""
        if self.variable:
            return None if self.default is not None else _count(self.before)
        return len(self.before) if self.what == "affinity" and self.before else self.before

    @property
    def did(self) -> str:
        """What it did, as the predicate of a sentence."""
        if self.default is not None:
            return f"sets {self.variable}={self.default} where it is unset"
        if self.variable:
            return f"set {self.variable}={self.after}" if self.after is not None else f"removed {self.variable}"
        if self.what == "affinity":
            return f"narrowed the affinity from {_cores(len(self.before))} to {_cores(len(self.after))}"
        return f"set the pool of {self.what.removeprefix(POOL)} from {self.before} threads to {self.after}"

    @property
    def setting(self) -> OpenMPSetting | None:
        """What it does to OpenMP's threads; None where it does nothing that it did not do before."""
        if not self.variable:
            return None
        setting = openmp_setting(self.variable, self.after if self.default is None else self.default)
        was = openmp_setting(self.variable, self.before) if self.default is None else None
        return None if setting is was else setting

    @property
    def limits_pools(self) -> bool:
        """Whether a pool that was loaded after this variable was set is no larger than it says."""
        return self.cores is not None and any(size <= self.cores for size in self.pools_followed)

    def leaves_fewer(self, cores: float) -> bool:
        """Whether it leaves fewer cores than these, and than there were before it."""
        before = self.cores_before
        return self.cores is not None and self.cores < min(cores, before if before is not None else cores)


def start_changes(facts: Mapping[str, Any]) -> list[StartChange]:
    """The changes that an interpreter noted, each as it stood at the end; not what was changed back."""
    entries: Sequence[Mapping[str, Any]] = facts.get("start_changes") or ()
    pools = [(place, entry["after"], entry["what"]) for place, entry in enumerate(entries) if _loads_pool(entry)]
    last: dict[tuple[str, str, bool], StartChange] = {}
    for place, entry in enumerate(entries):
        key = (entry["what"], entry.get("path") or "", "default" in entry)
        before = last[key].before if key in last else entry["before"]
        if _loads_pool(entry):
            continue
        last[key] = StartChange(
            module=entry.get("module") or "",
            step=entry.get("step") or "",
            what=entry["what"],
            path=key[1],
            before=before,
            after=entry["after"],
            default=entry.get("default"),
            pools_followed=tuple(size for loaded, size, _ in pools if loaded > place),
            openmp_followed=any(what == f"{POOL}openmp" for loaded, _, what in pools if loaded > place),
        )
    return [change for change in last.values() if change.before != change.after or change.default is not None]


def lock_in_words(facts: Mapping[str, Any]) -> str:
    """The interpreter's lock in a free-threaded Python, and who switched it on; empty in any other."""
    if not facts.get("free_threaded") or facts.get("gil") is None:
        return ""
    if not facts["gil"]:
        return "free-threaded Python: the interpreter's lock is off"
    by = lock_switched_on(facts)
    who = f", since {by.who}" if by else ", from the start on"
    return f"free-threaded Python: the interpreter's lock is on{who}"


def lock_switched_on(facts: Mapping[str, Any]) -> StartChange | None:
    """The change that switched the interpreter's lock on; None where nothing did since the start."""
    return next((change for change in start_changes(facts) if change.what == "gil" and change.after), None)


def warnings_of(facts: Mapping[str, Any], cores: float, users: Mapping[str, str], *, wants_few: bool) -> Iterator[str]:
    """What a user's users would meet, and the figures of a passing test do not show.

    Args:
        facts: what the contender's interpreter said of itself.
        cores: those granted.
        users: the user's own variables: a default does nothing where one is set.
        wants_few: whether only maxima are held, so that a limit in the test itself is meant.
    """
    for change in start_changes(facts):
        if change.what == "gil" and change.after:
            yield f"{change.who} switched the interpreter's lock on: its threads run one at a time from then on"
        is_meant = wants_few and not change.module
        does_nothing = change.default is not None and change.variable in users
        if change.leaves_fewer(cores) and not (is_meant or does_nothing):
            yield f"{change.who} {change.did}: {_consequence(change)}"
        elif change.setting and not (is_meant or does_nothing):
            yield f"{change.who} {change.did}: {change.setting.effect}"


def _consequence(change: StartChange) -> str:
    cores = _cores(change.cores or 0, "core")
    if change.what == "affinity":
        return f"what is started later runs on {cores}"
    if not change.variable:
        return "it stays so until somebody raises it"
    readers = "programs that set nothing" if change.pools_followed else "libraries and processes that start later"
    if change.variable != "OMP_NUM_THREADS":
        return f"{readers} get no more of what reads {change.variable}"
    return f"{readers} run on {cores}"


def _loads_pool(entry: Mapping[str, Any]) -> bool:
    return bool(entry["what"].startswith(POOL)) and entry["before"] is None


def _count(value: str | None) -> float | None:
    """The number in a variable's value, of a list for nested regions the first; None where it is none."""
    try:
        count = float((value or "").partition(",")[0])
    except ValueError:
        return None
    return count if count > 0 else None


def _cores(count: float, noun: str = "CPU") -> str:
    if count == 1 and noun == "core":
        return "one core"
    return f"{count:g} {noun}{'' if count == 1 else 's'}"
