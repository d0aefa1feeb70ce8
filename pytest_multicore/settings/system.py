"""What this system has and others lack: asked here and nowhere else, so that a test can say what another one has.

Programs that are run by path (the agent, the guard, the keeper, the control's workers) can't import this, and ask for
themselves. settings/world_at_start.py loads it with every pytest: it must be cheap.
"""

from __future__ import annotations

import os
import signal
import sys

#: /proc, prctl, personality, ptrace and control groups.
IS_LINUX = sys.platform == "linux"
#: The dynamic linker is Apple's.
IS_MACOS = sys.platform == "darwin"
#: Programs lie elsewhere in a virtual environment.
IS_WINDOWS = sys.platform == "win32"

#: Threads can be pinned to CPUs, and tell to which.
HAS_AFFINITY = hasattr(os, "sched_setaffinity")
#: A scheduling class that comes before all ordinary threads.
HAS_REAL_TIME = hasattr(os, "SCHED_RR")
#: A process's niceness can be set from outside.
HAS_NICENESS = hasattr(os, "setpriority")
#: A process's end can be waited for together with other things.
HAS_PIDFD = hasattr(os, "pidfd_open")
#: Processes form groups, which are signalled as one; they can be stopped, and a guard can stand between.
HAS_PROCESS_GROUPS = hasattr(os, "killpg") and hasattr(os, "posix_spawn") and hasattr(signal, "SIGSTOP")
#: A file can be read at a place while another process writes to its end.
HAS_PREAD = hasattr(os, "pread")
#: A process can fork.
HAS_FORK = hasattr(os, "fork")
#: Files belong to users, who have numbers.
HAS_USERS = hasattr(os, "getuid")
#: flock(2).
HAS_FLOCK = not IS_WINDOWS
