"""What can be wrong with roles of the database."""


class AuditError(Exception):
    """Base of the errors of this room."""


class RoleRefused(AuditError):
    """A role's name is not plain, or its rights cannot be limited."""
