"""What can go wrong with a run."""


class RunError(Exception):
    """Base of the errors of this room; the message says what, which value and what to do."""


class RunRefused(RunError):
    """A run that cannot be launched as asked."""


class NotAllowed(RunError):
    """Somebody who is no admin tried to launch or stop a run."""
