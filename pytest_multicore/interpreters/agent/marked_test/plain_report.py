"""A report of pytest as plain data that a message can carry."""

from json import dumps, loads  # as they are now: a test may replace them

#: Characters of each text of a report, such as all that was printed to one stream; a message holds some of them.
MAX_TEXT = 1 << 20


def text_of(report):
    """A report's text: of a failure its traceback, of a skip its reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return _carried_text(report.longrepr[2])
    return _carried_text(report.longreprtext)


def plain(report):
    """A report as plain data; a user's attachment that JSON cannot carry is replaced by its repr."""
    return loads(dumps(_carried(report), default=lambda value: _carried_text(repr(value))))


def _carried(value):
    """Data as JSON carries it: keys that are text, floats that are finite, texts as `_carried_text` makes them."""
    if isinstance(value, str):
        return _carried_text(value)
    if isinstance(value, dict):
        return {_carried_text(name if isinstance(name, str) else repr(name)): _carried(value[name]) for name in value}
    if isinstance(value, (list, tuple)):
        return [_carried(one) for one in value]
    return repr(value) if isinstance(value, float) and value - value != 0 else value  # NaN or infinite


def _carried_text(text):
    """A text with its middle left out: a test may print a gigabyte."""
    if len(text) <= MAX_TEXT:
        return text
    note = "\n... (pytest-multicore left out %d characters here)\n" % (len(text) - MAX_TEXT)
    return text[: MAX_TEXT // 2] + note + text[-(MAX_TEXT // 2) :]
