"""Errors of prototype learning."""

from generation.families.errors import GenerationError


class UnusableEncoder(GenerationError):
    """Refuse an encoder that cannot be loaded or does not fit."""


class TooFewImages(GenerationError):
    """Refuse to learn more prototypes than a class has images."""


class ForeignPrototypes(GenerationError):
    """Refuse to compare prototypes or features of different encoders."""
