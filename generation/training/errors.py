"""What can go wrong with a training."""


class TrainingError(Exception):
    """Base of the errors of this room; the message says what, which value and what to do."""


class TrainingRefused(TrainingError):
    """A training that cannot start as asked."""


class NotAllowed(TrainingError):
    """Somebody who is no admin tried to start or stop a training."""
