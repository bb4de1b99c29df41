"""Accounts in the global chain: sign-ins, passwords, second factors, who becomes an admin."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save, pre_save

from review.accounts.models import User
from review.audit.services import log_event


def _logged_in(sender: Any, user: Any, **kwargs: Any) -> None:
    log_event(actor=user, verb="signed_in", obj=user)


def _logged_out(sender: Any, user: Any, **kwargs: Any) -> None:
    if user is not None:
        log_event(actor=user, verb="signed_out", obj=user)


def _failed(sender: Any, credentials: dict[str, Any], **kwargs: Any) -> None:
    log_event(actor=None, verb="sign_in_failed", obj="accounts.user:?")


def _password_changed(sender: Any, user: Any, **kwargs: Any) -> None:
    log_event(actor=user, verb="password.changed", obj=user)


def _password_reset(sender: Any, user: Any, **kwargs: Any) -> None:
    log_event(actor=None, verb="password.reset", obj=user)


def _factor_added(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    log_event(actor=user, verb="second_factor.added", obj=user, after=_kind(authenticator))


def _factor_removed(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    log_event(actor=user, verb="second_factor.removed", obj=user, before=_kind(authenticator))


def _factor_reset(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    log_event(actor=user, verb="second_factor.reset", obj=user, after=_kind(authenticator))


def _factor_failed(sender: Any, user: Any, **kwargs: Any) -> None:
    log_event(actor=None, verb="second_factor.failed", obj=user)


def _kind(authenticator: Any) -> dict[str, str]:
    return {"kind": str(authenticator.type)}


def _remember_role(sender: Any, instance: User, update_fields: Any, **kwargs: Any) -> None:
    """Note whether this save makes or unmakes an admin; a sign-in saves other fields only."""
    if update_fields is not None and "is_staff" not in update_fields:
        return
    held = User.objects.filter(pk=instance.pk).values_list("is_staff", flat=True).first()
    instance._role_change = bool(held) != instance.is_staff  # type: ignore[attr-defined]


def _log_role(sender: Any, instance: User, **kwargs: Any) -> None:
    if instance.__dict__.pop("_role_change", False):
        verb = "admin.granted" if instance.is_staff else "admin.revoked"
        log_event(actor=None, verb=verb, obj=instance)


LISTENERS = (
    (user_logged_in, _logged_in),
    (user_logged_out, _logged_out),
    (user_login_failed, _failed),
    (account.password_changed, _password_changed),
    (account.password_set, _password_changed),
    (account.password_reset, _password_reset),
    (mfa.authenticator_added, _factor_added),
    (mfa.authenticator_removed, _factor_removed),
    (mfa.authenticator_reset, _factor_reset),
    (mfa.authentication_failed, _factor_failed),
)


def connect() -> None:
    """Listen to the signals of Django, allauth and the user table."""
    for signal, listener in LISTENERS:
        signal.connect(listener, dispatch_uid=f"audit{listener.__name__}")
    pre_save.connect(_remember_role, sender=User, dispatch_uid="audit_role")
    post_save.connect(_log_role, sender=User, dispatch_uid="audit_role")
