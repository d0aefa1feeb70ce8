"""A module that keeps its process on one core when it is imported: real libraries for real-time work have done so."""

import os

os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
