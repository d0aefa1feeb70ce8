"""A report of pytest as plain data that a message can carry."""

from json import dumps, loads  # as they are now: a test may replace them

#: Characters of each text of a report, such as all that was printed to one stream; a message holds some of them. A test
#: may print a gigabyte.
MAX_TEXT = 1 << 20


def text_of(report, shortened):
    """A report's text: of a failure its traceback, of a skip its reason; ``shortened`` is that of failures.py."""
    is_skip = report.skipped and isinstance(report.longrepr, tuple)
    return shortened(report.longrepr[2] if is_skip else report.longreprtext, MAX_TEXT)


def plain(report, failures):
    """A report as plain data; a user's attachment that JSON cannot carry, or that raises, is replaced by its repr.

    Args:
        report: as pytest serializes it.
        failures: the module failures.py.
    """

    def text(words):
        return failures.shortened(words, MAX_TEXT)

    return _carried(report, text, lambda value: text(failures.representation(value)), ())


def _carried(value, text, shown, outer):
    """Data as JSON carries it: keys that are text, floats that are finite, texts that are not too long.

    Texts are plain ones, since a subclass's methods may raise.

    Args:
        value: the data.
        text: makes a text of such a length.
        shown: gives the text that is in place of what cannot be carried.
        outer: the lists and dicts that hold the value: it must be none of them.
    """
    try:
        if isinstance(value, str):
            return text(str.__str__(value))
        if not isinstance(value, (dict, list, tuple)):
            return loads(dumps(value, allow_nan=False))
        if any(value is one for one in outer):
            return shown(value)
        outer += (value,)
        if isinstance(value, dict):
            return {_key(name, text, shown): _carried(value[name], text, shown, outer) for name in value}
        return [_carried(one, text, shown, outer) for one in value]
    except:  # noqa: E722 - whatever the value raises
        return shown(value)


def _key(name, text, shown):
    return text(str.__str__(name)) if isinstance(name, str) else shown(name)
