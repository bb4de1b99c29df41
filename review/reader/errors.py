"""What a reader's request can get wrong in form."""


class BadPayload(ValueError):
    """The body of a submit is not what the reading screen sends."""
