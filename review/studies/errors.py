"""What can go wrong with a study; every message says what to do."""


class StudyError(Exception):
    """Base of the errors of this room."""


class StudyFrozen(StudyError):
    """The study is no longer a draft: its protocol changes by amendment only."""


class WrongState(StudyError):
    """The verb does not fit the study's state."""


class NotReady(StudyError):
    """A guard of the checklist says no; `problems` lists it in words."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(" ".join(problems))
        self.problems = problems


class BadProtocol(StudyError):
    """A value of the protocol is not allowed."""


class SeatTaken(StudyError):
    """The person has a seat in the study already."""


class InvitationGone(StudyError):
    """The link was used, revoked, or has expired."""


class NotAllowed(StudyError):
    """The person may not do this in this study."""
