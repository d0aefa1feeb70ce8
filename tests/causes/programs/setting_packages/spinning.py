"""OpenMP's threads spin for ever."""

import os

os.environ["OMP_WAIT_POLICY"] = "ACTIVE"
