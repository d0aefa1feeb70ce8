"""The commands of ``python -m pytest_multicore``: a module each, with ``add`` for its arguments and its work."""
