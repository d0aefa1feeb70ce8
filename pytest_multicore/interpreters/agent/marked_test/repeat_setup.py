"""A second set-up of a test after its first call: data that the call used up are there again, and caches stay warm.

    parent -> anew      {}                                       between two rounds, but not within a benchmark's call
    child  -> begun     {"reports": [teardown, setup], "iterators": [names of fixtures]}
                                                                 attempt follows, as after the first `begun`
           or ended     {"reports": [teardown, setup, teardown]} it failed or was skipped: nothing to call

iterators: fixtures whose value is an iterator.
"""


def set_up_again(item, runner):
    """Tear the item down, with fixtures of every scope, and set it up; returns both reports."""
    sections, properties = list(item._report_sections), list(item.user_properties)
    reports = [runner.call_and_report(item, "teardown", log=False, nextitem=None)]
    _reset(item)
    reports.append(runner.call_and_report(item, "setup", log=False))
    # Only what the first set-up printed and recorded belongs to the test.
    item._report_sections[:], item.user_properties[:] = sections, properties
    return reports


def iterators(item):
    """The names of the fixtures whose value is an iterator."""
    return sorted(name for name, value in (getattr(item, "funcargs", None) or {}).items() if _is_iterator(value))


def _reset(item):
    """Prepare an item for a second run, as pytest does."""
    if hasattr(item, "_request"):
        item._initrequest()


def _is_iterator(value):
    return hasattr(type(value), "__next__")
