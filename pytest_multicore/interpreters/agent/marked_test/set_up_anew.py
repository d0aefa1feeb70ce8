"""A test set up anew where its first call has warmed all up: what that used up is there again, what it warmed is warm.

    parent -> anew      {}                                       between two rounds, but not within a benchmark's call
    child  -> begun     {"reports": [teardown, setup], "iterators": [names of fixtures]}
                                                                 attempt follows, as after the first `begun`
           or ended     {"reports": [teardown, setup, teardown]} it failed or was skipped: nothing to call

iterators: fixtures whose value can be gone through once.
"""


def again(item, runner):
    """Tear the item down, fixtures of every scope too, and set it up; returns both reports."""
    sections, properties = list(item._report_sections), list(item.user_properties)
    reports = [runner.call_and_report(item, "teardown", log=False, nextitem=None)]
    _as_new(item)
    reports.append(runner.call_and_report(item, "setup", log=False))
    # What the first set-up printed and recorded is the test's.
    item._report_sections[:], item.user_properties[:] = sections, properties
    return reports


def iterators(item):
    """The names of the fixtures whose value is an iterator."""
    return sorted(name for name, value in (getattr(item, "funcargs", None) or {}).items() if _is_iterator(value))


def _as_new(item):
    """What pytest does with an item that it runs for a second time."""
    if hasattr(item, "_request"):
        item._initrequest()


def _is_iterator(value):
    return hasattr(type(value), "__next__")
