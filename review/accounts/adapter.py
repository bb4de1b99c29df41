"""Sign-in rules: nobody registers alone; secrets of second factors are sealed in the database."""

import base64
import hashlib
import logging
import secrets

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.http import HttpRequest

logger = logging.getLogger(__name__)


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Refuse self-registration everywhere."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False


class SealedMfaAdapter(DefaultMFAAdapter):
    """Encrypt what allauth stores of a second factor: a stolen dump holds no usable secret."""

    def encrypt(self, text: str) -> str:
        return _seal().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return the secret; of one that no key opens a random one, which no code fits."""
        try:
            return _seal().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            logger.warning("A second factor does not open: SECRET_KEY changed; set it up anew.")
            return base64.b32encode(secrets.token_bytes(20)).decode()


def _seal() -> MultiFernet:
    """Return the seal of SECRET_KEY; old keys in SECRET_KEY_FALLBACKS still open."""
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [hashlib.sha256(b"semblance.second_factor" + key.encode()).digest() for key in keys]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])
