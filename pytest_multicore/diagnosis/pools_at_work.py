"""Whose pools were at work: what a knob acts on has to have got CPU time, or to turn it shows nothing. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from pytest_multicore.environments.threaded_libraries import libraries_in
from pytest_multicore.measurement.thread_sampler import ThreadSample

from .evidence import Evidence

#: Whose threads a pool's are where they are not its own library's.
OPENMP, TBB = "OpenMP", "TBB"
#: A thread's name that tells nothing: without a name of its own it has that of the thread that started it.
INHERITED_NAME = re.compile(r"(python|pytest)[\d.]*$")


def pool_is_at_work(evidence: Evidence, names: Iterable[str]) -> bool | None:
    """Whether threads of one of these libraries' pools got CPU time; None where some thread's library is not known.

    Args:
        evidence: what was seen.
        names: of libraries, as threaded_libraries.py has them.
    """
    threads = evidence.pool_threads
    if threads is None:
        return None
    if set(names) & {name for thread in threads for name in _owners(thread.library)}:
        return True
    return False if all(thread.library for thread in threads) else None


def knobs_of_pools_at_work(evidence: Evidence, knobs: Mapping[str, Sequence[str]]) -> list[str]:
    """The knobs of pools that were seen at work, then those that may have been; without those that were not.

    Args:
        evidence: what was seen.
        knobs: by knob, the names of the libraries whose threads it acts on; the likeliest knob first.
    """
    seen = {knob: pool_is_at_work(evidence, names) for knob, names in knobs.items()}
    return sorted((knob for knob in knobs if seen[knob] is not False), key=lambda knob: seen[knob] is None)


def pools_in_words(threads: Iterable[ThreadSample]) -> str:
    """The names of threads' libraries, or of the threads where these tell more; empty where nothing does."""
    return ", ".join(sorted({words for thread in threads if (words := thread_in_words(thread.name, thread.library))}))


def thread_in_words(name: str, library: str) -> str:
    """A thread by its library and its name, as far as they tell anything."""
    owner, own_name = next(iter(_owners(library)), ""), "" if INHERITED_NAME.match(name) else name
    return f"{owner}: {own_name}" if owner and own_name else owner or own_name


def _owners(library: str) -> list[str]:
    return [one.name for one in libraries_in([library])]
