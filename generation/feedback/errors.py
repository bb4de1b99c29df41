"""Domain errors of the feedback loop."""


class FeedbackError(Exception):
    """Base of everything that the feedback room refuses."""


class PlanInputError(FeedbackError, ValueError):
    """A plan input, a config or a counts file breaks a rule that its message names."""


class ReadsError(FeedbackError, ValueError):
    """A set of readings cannot be pooled: unknown class, prototype or impossible probability."""
