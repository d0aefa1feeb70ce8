"""The clocks that this process measures and waits by, as they were when the plugin loaded.

A fixture or a test may replace ``time.monotonic`` here, or have freezegun stop it: a budget or a deadline would never
end. freezegun replaces what modules hold, too, but not what these objects do. plugin.py loads this with every pytest.
"""

from __future__ import annotations

import contextlib
import time
from functools import partial

monotonic = partial(time.monotonic)
process_time = partial(time.process_time)
thread_time = partial(time.thread_time)
sleep = partial(time.sleep)

with contextlib.suppress(AttributeError):  # Windows has none, nor has what asks it for a process's time
    clock_gettime = partial(time.clock_gettime)
