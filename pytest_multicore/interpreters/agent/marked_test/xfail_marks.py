"""xfail marks that a fixture or the body adds: the parent, which judges, knows only those of collection.

"xfails" in pytest_agent.py's messages with "reports": those added so far whose condition holds, as {"reason", "run"}
and, where they are given, "strict" and "raises": [[module, qualified name of a class]].
"""


def marks_of(item):
    """The item's xfail marks."""
    return list(item.iter_markers("xfail"))


def added_marks(item, known_marks, text):
    """The marks in addition to the known ones whose condition holds, as plain data; `text` is failures.text."""
    new = [mark for mark in marks_of(item) if not any(mark is known for known in known_marks)]
    return [_plain(mark, text) for mark in new if _holds(item, mark)]


def is_unexpected_pass(report):
    """Whether a report has failed only since a strict mark had expected that of the test."""
    return report.failed and str(report.longrepr).startswith("[XPASS(strict)]")


def _holds(item, mark):
    """Whether a mark's condition holds; False for an invalid one, which pytest refuses."""
    from _pytest import skipping
    from _pytest.outcomes import OutcomeException

    conditions = (mark.kwargs["condition"],) if "condition" in mark.kwargs else mark.args
    # Before pytest 6 a text can be evaluated only with all of the item's marks at once: such a mark is not sent.
    evaluate = getattr(skipping, "evaluate_condition", lambda _item, _mark, it: (not isinstance(it, str) and it, ""))
    try:
        return not conditions or any(evaluate(item, mark, condition)[0] for condition in conditions)
    except OutcomeException:
        return False


def _plain(mark, text):
    entry = {"reason": text(mark.kwargs.get("reason", "")), "run": bool(mark.kwargs.get("run", True))}
    if mark.kwargs.get("strict") is not None:
        entry["strict"] = bool(mark.kwargs["strict"])
    raises = mark.kwargs.get("raises")
    if raises is not None:
        classes = raises if isinstance(raises, tuple) else (raises,)
        entry["raises"] = [[kind.__module__, kind.__qualname__] for kind in classes if isinstance(kind, type)]
    return entry
