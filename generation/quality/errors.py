"""What can go wrong with image metrics."""


class QualityError(Exception):
    """Base of the errors of this room; the message says what, which value and what to do."""


class MeasurementRefused(QualityError):
    """A run that cannot be measured as asked."""


class NotAllowed(QualityError):
    """Somebody who is no admin tried to measure a run."""


class LeaseLost(QualityError):
    """Another worker has the measurement now; nothing more may be written."""
