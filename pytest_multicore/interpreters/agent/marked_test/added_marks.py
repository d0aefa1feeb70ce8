"""Marks of expected failures that a fixture or the body added: the parent, who judges, knows those of collection only.

"xfails" beside "reports" in pytest_agent.py's messages: those added so far that hold, as {"reason", "run"} and, where
they are given, "strict" and "raises": [[module, qualified name of a class]].
"""


def marks_of(item):
    """The item's marks of expected failures."""
    return list(item.iter_markers("xfail"))


def added(item, known):
    """As plain data what was added to the marks that were known, where its condition holds."""
    new = [mark for mark in marks_of(item) if not any(mark is one for one in known)]
    return [_plain(mark) for mark in new if _holds(item, mark)]


def _holds(item, mark):
    """Whether a mark's condition holds; a wrong one is for pytest to refuse."""
    from _pytest import skipping
    from _pytest.outcomes import OutcomeException

    conditions = (mark.kwargs["condition"],) if "condition" in mark.kwargs else mark.args
    # Before pytest 6 a text can be evaluated only with all of the item's marks at once: such a mark stays here.
    evaluate = getattr(skipping, "evaluate_condition", lambda _item, _mark, it: (not isinstance(it, str) and it, ""))
    try:
        return not conditions or any(evaluate(item, mark, one)[0] for one in conditions)
    except OutcomeException:
        return False


def _plain(mark):
    told = {"reason": str(mark.kwargs.get("reason", "")), "run": bool(mark.kwargs.get("run", True))}
    if mark.kwargs.get("strict") is not None:
        told["strict"] = bool(mark.kwargs["strict"])
    raises = mark.kwargs.get("raises")
    if raises is not None:
        classes = raises if isinstance(raises, tuple) else (raises,)
        told["raises"] = [[one.__module__, one.__qualname__] for one in classes if isinstance(one, type)]
    return told
