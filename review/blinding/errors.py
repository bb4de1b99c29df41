"""What can be wrong with a rendition or an audit."""


class BlindingError(ValueError):
    """A rendition or an audit cannot be made; the message says what to change."""
