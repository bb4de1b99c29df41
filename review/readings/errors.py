"""What can go wrong when an answer arrives. Messages are shown to the reader: no image names."""


class ReadingError(Exception):
    """An answer that was not stored. `code` tells the reading screen what to do about it."""

    code = "rejected"


class StudyClosed(ReadingError):
    """The study takes no more readings, for good."""

    code = "closed"


class StudyPaused(ReadingError):
    """The study takes no readings for now."""

    code = "paused"


class SeatHeld(ReadingError):
    """An editor has paused this reader."""

    code = "held"


class SeatResting(ReadingError):
    """The reader has paused the reading."""

    code = "resting"


class NotReading(ReadingError):
    """The reader has not consented, has withdrawn, or has to wait."""

    code = "not_reading"


class OutsideWindow(ReadingError):
    """The case is neither among the next cases nor among those that may still be revised."""

    code = "window"


class InvalidAnswer(ReadingError):
    """The answer does not fit the question."""

    code = "invalid"


class UnknownRevision(ReadingError):
    """The answer revises a revision that does not exist."""

    code = "revision"


class KeyReused(ReadingError):
    """The idempotency key belongs to another case."""

    code = "key"
