"""A report of pytest as plain data that a message can carry."""

from json import dumps, loads  # as they are now: a test may replace them

#: Characters of each text of a report, such as all that was printed to one stream; a message holds some of them.
MAX_TEXT = 1 << 20


def text_of(report):
    """A report's text: of a failure its traceback, of a skip its reason."""
    if report.skipped and isinstance(report.longrepr, tuple):
        return report.longrepr[2]
    return _shortened(report.longreprtext)


def plain(report):
    """A report as plain data; a user's attachment that JSON cannot carry is replaced by its repr."""
    return loads(dumps(_with_short_texts(report), default=repr))


def _with_short_texts(value):
    """Plain data with the middle of each long text left out: a test may print a gigabyte, and no message holds that."""
    if isinstance(value, str):
        return _shortened(value)
    if isinstance(value, dict):
        return {name: _with_short_texts(one) for name, one in value.items()}
    return [_with_short_texts(one) for one in value] if isinstance(value, (list, tuple)) else value


def _shortened(text):
    if len(text) <= MAX_TEXT:
        return text
    note = "\n... (pytest-multicore left out %d characters here)\n" % (len(text) - MAX_TEXT)
    return text[: MAX_TEXT // 2] + note + text[-(MAX_TEXT // 2) :]
