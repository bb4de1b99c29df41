"""Reader studies.

study        parts, arms and readers under one frozen protocol
part         one kind of question inside a study (plausibility, turing, ...)
arm          a pool inside a study; its label is for editors only
draw         how many images of a class go from an arm into a part
case         one image inside a part
rendition    the canonical bytes of a case, the only bytes that a reader receives
membership   a user's seat in a study: reader, editor, analyst or adjudicator
invitation   a one-use link for somebody who has no seat yet
session      a reader's pass through one part
assignment   a case for a reader at a position; the truth of who reads what, and when
amendment    the only way to change an active study
"""

from review.studies.models.assignment import Assignment, Session
from review.studies.models.case import Case, Rendition
from review.studies.models.people import Invitation, Membership
from review.studies.models.study import Amendment, Arm, Draw, Part, Study

__all__ = [
    "Amendment",
    "Arm",
    "Assignment",
    "Case",
    "Draw",
    "Invitation",
    "Membership",
    "Part",
    "Rendition",
    "Session",
    "Study",
]
