"""OpenMP takes fewer threads on a machine that was loaded for long."""

import os

os.environ["OMP_DYNAMIC"] = "TRUE"
