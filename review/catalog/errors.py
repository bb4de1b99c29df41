"""What can be wrong with an image, a domain file or an import, in words for who mends it."""


class CatalogError(Exception):
    """A problem of the catalogue that a person can mend."""


class ImageRejected(CatalogError):
    """These bytes are not an image that the catalogue takes; the message says why and the limit."""


class DomainFileInvalid(CatalogError):
    """A domain file breaks a rule; the message names file, key and rule."""


class ImportRefused(CatalogError):
    """An import cannot start at all (no such folder, another kind of pool, unsafe archive)."""


class MediaFull(CatalogError):
    """The media disk takes no more; nothing was half-written."""


class MediaMissing(CatalogError):
    """A row names a media file that is not there."""


class IntakeConflict(CatalogError):
    """A source key of a pool already holds other pixels."""
