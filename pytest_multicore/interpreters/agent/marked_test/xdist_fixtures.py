"""pytest-xdist's fixtures in a child of one of its workers: they return that worker's values."""


def plugin(worker):
    """The plugin that provides the fixtures; `worker` holds "workerid" and "testrunuid"."""
    import pytest

    class Fixtures(object):
        """Replaces pytest-xdist's fixtures."""

        @pytest.fixture(scope="session")
        def worker_id(self):
            """The worker's id, by which tests separate what workers must not share."""
            return worker["workerid"]

        @pytest.fixture(scope="session")
        def testrun_uid(self):
            """The run's id, the same in all workers."""
            return worker["testrunuid"]

    return Fixtures()
