"""A report of pytest as plain data that a message can carry."""

from json import dumps, loads  # as they are now: a test may replace them

#: Characters of each text of a report, such as all that was printed to one stream; a message holds some of them.
MAX_TEXT = 1 << 20


def text_of(report):
    """A report's text: of a failure its traceback, of a skip its reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return _carried_text(report.longrepr[2])
    return _carried_text(report.longreprtext)


def plain(report, representation):
    """A report as plain data; a user's attachment that JSON cannot carry, or that raises, is replaced by its repr.

    Args:
        report: as pytest serializes it.
        representation: failures.representation.
    """
    return _carried(report, lambda value: _carried_text(representation(value)), ())


def _carried(value, shown, outer):
    """Data as JSON carries it: keys that are text, floats that are finite, texts as `_carried_text` makes them.

    Texts are plain ones, since a subclass's methods may raise.

    Args:
        value: the data.
        shown: gives the text that is in place of what cannot be carried.
        outer: the lists and dicts that hold the value: it must be none of them.
    """
    try:
        if isinstance(value, str):
            return _carried_text(str.__str__(value))
        if not isinstance(value, (dict, list, tuple)):
            return loads(dumps(value, allow_nan=False))
        if any(value is one for one in outer):
            return shown(value)
        outer += (value,)
        if isinstance(value, dict):
            return {_key(name, shown): _carried(value[name], shown, outer) for name in value}
        return [_carried(one, shown, outer) for one in value]
    except:  # noqa: E722 - whatever the value raises
        return shown(value)


def _key(name, shown):
    return _carried_text(str.__str__(name)) if isinstance(name, str) else shown(name)


def _carried_text(text):
    """A text with its middle left out: a test may print a gigabyte."""
    if len(text) <= MAX_TEXT:
        return text
    note = "\n... (pytest-multicore left out %d characters here)\n" % (len(text) - MAX_TEXT)
    return text[: MAX_TEXT // 2] + note + text[-(MAX_TEXT // 2) :]
