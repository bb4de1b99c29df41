"""What can go wrong in the adjudication queue."""

from review.readings.errors import ReadingError


class NotAdjudicator(ReadingError):
    """Somebody without the seat tried to vote."""


class QueueClosed(ReadingError):
    """The study is unblinded."""
