"""The fixture multicore_threads in a child: what this side was told to use, for the pools that a test makes itself."""


def plugin(threads):
    """The plugin that provides the fixture; `threads`: how many threads, or cores, the side was given."""
    import pytest

    class ThreadCount(object):
        """Replaces the fixture of pytest-multicore itself, where that is installed here."""

        @pytest.fixture
        def multicore_threads(self):
            """How many threads this side was told to use; where sides differ in cores, how many it was given."""
            return threads

    return ThreadCount()
