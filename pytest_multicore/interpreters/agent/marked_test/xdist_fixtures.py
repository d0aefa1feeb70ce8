"""pytest-xdist's fixtures in a child of one of its workers: they give the worker's values, though nothing is spread."""


def plugin(worker):
    """The plugin that gives the fixtures; `worker` holds "workerid" and "testrunuid"."""
    import pytest

    class Fixtures(object):
        """In place of pytest-xdist's."""

        @pytest.fixture(scope="session")
        def worker_id(self):
            """The worker's, by which tests keep apart what workers must not share."""
            return worker["workerid"]

        @pytest.fixture(scope="session")
        def testrun_uid(self):
            """The run's, the same in all workers."""
            return worker["testrunuid"]

    return Fixtures()
