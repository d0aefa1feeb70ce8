"""What earlier sessions have built in the user's cache, for tests that need an old or a large package."""

from pathlib import Path

from pytest_multicore.environments import cache


def built_files(pattern: str) -> list[Path]:
    """Files of environments by a pattern; of those that another lane is building now, none."""
    found = cache.root().glob(f"environments/*/{pattern}")
    return sorted(path for path in found if cache.BUILD_INFIX not in str(path))
