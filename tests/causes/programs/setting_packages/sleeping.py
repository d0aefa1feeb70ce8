"""OpenMP's threads sleep at once."""

import os

os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
