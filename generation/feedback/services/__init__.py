"""Verbs of the loop: start, attach, propose, override, approve, launch."""

from generation.feedback.services.decide import approve_plan, launch_plan, override_cell
from generation.feedback.services.loops import add_round, attach_study, create_loop
from generation.feedback.services.propose import build_plan_input, propose_plan, why_wait

__all__ = [
    "add_round",
    "approve_plan",
    "attach_study",
    "build_plan_input",
    "create_loop",
    "launch_plan",
    "override_cell",
    "propose_plan",
    "why_wait",
]
