"""Reader studies.

study        parts, arms and readers under one frozen protocol
part         one kind of question inside a study (plausibility, turing, ...)
arm          a pool inside a study; its label is for editors only
draw         how many images of a class go from an arm into a part
case         one image inside a part
feedback     what a reader is told after answering a calibration case, and of no other case
rendition    the canonical bytes of a case, the only bytes of it that a reader receives
gallery      real images from outside the study that readers of a part may look up
membership   a user's seat in a study: reader, editor, analyst or adjudicator
invitation   a one-use link for somebody who has no seat yet
session      one sitting of a reader in a part: the practice block, or a share of the list
assignment   a case for a reader at a position; the truth of who reads what, and when
amendment    the only way to change an active study
addition     cases on their way into an active study: candidates, until an amendment adds them
candidate    an image that an addition drew and rendered; no case, and no reader's, before that
"""

from review.studies.models.addition import Addition, Candidate
from review.studies.models.assignment import Assignment, Session
from review.studies.models.case import Case, CaseFeedback, Rendition
from review.studies.models.gallery import GalleryImage
from review.studies.models.people import Invitation, Membership
from review.studies.models.study import Amendment, Arm, Draw, Part, Study

__all__ = [
    "Addition",
    "Amendment",
    "Arm",
    "Assignment",
    "Candidate",
    "Case",
    "CaseFeedback",
    "Draw",
    "GalleryImage",
    "Invitation",
    "Membership",
    "Part",
    "Rendition",
    "Session",
    "Study",
]
