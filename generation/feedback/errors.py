"""Domain errors of the feedback loop; every message says what to do."""


class FeedbackError(Exception):
    """Base of everything that the feedback room refuses."""


class PlanInputError(FeedbackError, ValueError):
    """A plan input, a config or a counts file breaks a rule that its message names."""


class ReadsError(FeedbackError, ValueError):
    """A set of readings cannot be pooled: unknown class, prototype or impossible probability."""


class NotAllowed(FeedbackError):
    """Plans are approved and launched by admins."""


class WrongState(FeedbackError):
    """The verb does not fit the state of the plan or of the loop."""


class OverrideRefused(FeedbackError, ValueError):
    """A change of a planned cell has no reason, or would leave less than no image."""


class ScreenRefused(FeedbackError, ValueError):
    """The images of a cell cannot be screened with the numbers given."""
