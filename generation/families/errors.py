"""Errors of the generator families."""


class GenerationError(Exception):
    """Stand at the root of every refusal in the pure rooms of generation."""


class InvalidConfig(GenerationError):
    """Refuse a configuration whose values cannot work together."""


class UnknownFamily(GenerationError):
    """Refuse a family or preset that the registry does not know."""


class UnfitImages(GenerationError):
    """Refuse training images whose shape, labels or number do not fit the family."""


class BrokenState(GenerationError):
    """Refuse a saved state that does not belong to the model that loads it."""
