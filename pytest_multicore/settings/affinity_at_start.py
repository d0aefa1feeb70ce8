"""What was true of this process when pytest loaded the plugin, before any test module was imported."""

from __future__ import annotations

import os

#: The CPUs that it might use then; None where the system does not say. What is imported later can pin it to fewer.
AFFINITY: frozenset[int] | None = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
