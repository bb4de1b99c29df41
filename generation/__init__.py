"""Generators, training, runs, plans and the demo."""

import os

# OpenMP reads this once, when torch is loaded: how long a thread that waits spins before it sleeps.
# Sleeping at once (OMP_WAIT_POLICY=PASSIVE) made a step of the demo's training 1.6 times as long;
# spinning without end takes the core that the web server needs.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
