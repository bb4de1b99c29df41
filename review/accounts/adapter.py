"""Sign-in rules: nobody registers alone; accounts are made by invitation."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class ClosedSignupAdapter(DefaultAccountAdapter):
    """Refuse self-registration everywhere."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
