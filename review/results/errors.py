"""What can stand between a study and its results, in words for who asked."""


class ResultsError(Exception):
    """A problem of results that a person can mend."""


class StudyNotClosed(ResultsError):
    """A study that is not closed cannot be unblinded."""


class NotAllowedToUnblind(ResultsError):
    """Only editors of the study and admins unblind it."""


class NotAllowedToLook(ResultsError):
    """Only an analyst who can change nothing in the study takes an interim look."""


class LookRefused(ResultsError):
    """No planned look is due, or it was taken already."""


class StudyChanged(ResultsError):
    """Who takes part changed while the readings were being frozen."""


class SnapshotBroken(ResultsError):
    """A snapshot's file does not have the content that its hash promises."""


class NothingToReport(ResultsError):
    """The snapshot has no such table, part or file."""


class FilterRefused(ResultsError):
    """A filter, ordering or page that the allow-list does not know."""
