"""Generators, training, runs, plans and the demo."""

import os

# OpenMP reads this once, when torch is loaded. Its default is to spin while waiting: two compute
# threads on a busy two-core machine then hold each other up by a factor of ten.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
