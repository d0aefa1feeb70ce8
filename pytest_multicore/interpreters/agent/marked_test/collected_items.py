"""The item that the parent names, found among those that a child's pytest collects."""

import contextlib
import os


def plugin(nodeid):
    """The plugin that finds it: `found` are the items of its name in its class. The child collects its file only."""
    import pytest

    class CollectedItems(object):
        """See above."""

        def __init__(self):
            self.found = []

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_collection(self, session):
            """Pytest takes a bracket in a folder's name for a test's parameters."""
            if "[" in session.config.args[0].partition("::")[0] and hasattr(pytest, "version_tuple"):  # since pytest 7
                with _within_folder(session.config):
                    yield
            else:
                yield

        @pytest.hookimpl(hookwrapper=True, tryfirst=True)
        def pytest_collection_modifyitems(self, items):
            """Find it before a hook leaves it out, such as one that takes a share of all tests, or renames it."""
            self.found = [item for item in items if _name_in_file(item) == nodeid.partition("::")[2]]
            yield

    return CollectedItems()


@contextlib.contextmanager
def _within_folder(config):
    """Have pytest collect its argument as if it had been started in the file's folder."""
    import pathlib

    args, invocation = config.args, config.invocation_params
    path, colons, name = args[0].partition("::")
    folder, file = os.path.split(path)
    config.args = [file + colons + name]
    config.invocation_params = type(invocation)(
        args=invocation.args, plugins=invocation.plugins, dir=pathlib.Path(folder)
    )
    try:
        yield
    finally:
        config.args, config.invocation_params = args, invocation


def _name_in_file(item):
    """An item's class and name, as it was collected. Where its file is seen from may differ from the parent."""
    outer = item.parent.nodeid.partition("::")[2]
    return "%s::%s" % (outer, _collected_name(item)) if outer else _collected_name(item)


def _collected_name(item):
    """The same as pytest_side/matrix.py's: a hook may have given the item another name since."""
    name, callspec = getattr(item, "originalname", None) or item.name, getattr(item, "callspec", None)
    has_id = callspec is not None and callspec._idlist
    return "%s[%s]" % (name, callspec.id) if has_id else name
