"""API tokens: good only while their owner keeps the second factor that making one took."""

from datetime import datetime, timedelta
from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from review.accounts.middleware import runs_studies

KEPT = timedelta(days=365)


class GuardedTokenAuthentication(TokenAuthentication):
    """Refuse the token of somebody who needs a second factor and has none.

    Who holds an expired token is told so for a year; anybody else learns nothing of it.
    """

    def authenticate_credentials(self, token: bytes) -> Any:
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise AuthenticationFailed("Invalid token.") from error

    def validate_user(self, auth_token: Any) -> Any:
        """Check the owner of a token whose hash has matched."""
        user, token = super().validate_user(auth_token)
        if _over_since(auth_token, timezone.now()):
            page = reverse("results:tokens")
            raise AuthenticationFailed(f"Token expired: make a new one under {page}.")
        if settings.REQUIRE_MFA and runs_studies(user) and not is_mfa_enabled(user):
            raise PermissionDenied("Sign in and set up a second factor; then the token works.")
        return user, token

    def _cleanup_token(self, auth_token: Any) -> bool:
        """Delete what expired long ago, of this user; True where that was the token itself."""
        limit = timezone.now() - KEPT
        auth_token.user.auth_token_set.filter(expiry__lt=limit).delete()
        return _over_since(auth_token, limit)


def _over_since(auth_token: Any, moment: datetime) -> bool:
    return auth_token.expiry is not None and auth_token.expiry < moment


class GuardedTokenScheme(KnoxTokenScheme):
    """Names these tokens in the schema."""

    target_class = "review.accounts.authentication.GuardedTokenAuthentication"
    priority = 1
