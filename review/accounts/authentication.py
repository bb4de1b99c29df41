"""API tokens: good only while their owner keeps the second factor that making one took."""

from typing import Any

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from review.accounts.middleware import runs_studies


class GuardedTokenAuthentication(TokenAuthentication):
    """Refuse the token of somebody who needs a second factor and has none."""

    def authenticate_credentials(self, token: bytes) -> Any:
        try:
            return super().authenticate_credentials(token)
        except UnicodeDecodeError as error:
            raise AuthenticationFailed("Invalid token.") from error

    def validate_user(self, auth_token: Any) -> Any:
        user, token = super().validate_user(auth_token)
        if settings.REQUIRE_MFA and runs_studies(user) and not is_mfa_enabled(user):
            raise PermissionDenied("Sign in and set up a second factor; then the token works.")
        return user, token


class GuardedTokenScheme(KnoxTokenScheme):
    """Names these tokens in the schema."""

    target_class = "review.accounts.authentication.GuardedTokenAuthentication"
    priority = 1
