"""Log-ins, log-outs and failed attempts go to the global chain."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

from review.audit.services import log_event


def _logged_in(sender: Any, user: Any, **kwargs: Any) -> None:
    log_event(actor=user, verb="signed_in", obj=user)


def _logged_out(sender: Any, user: Any, **kwargs: Any) -> None:
    if user is not None:
        log_event(actor=user, verb="signed_out", obj=user)


def _failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    log_event(actor=None, verb="sign_in_failed", obj="accounts.user:?")


def connect() -> None:
    """Listen to Django's sign-in signals."""
    user_logged_in.connect(_logged_in, dispatch_uid="audit_in")
    user_logged_out.connect(_logged_out, dispatch_uid="audit_out")
    user_login_failed.connect(_failed, dispatch_uid="audit_failed")
