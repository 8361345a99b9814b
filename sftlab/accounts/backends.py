from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser

from sftlab.accounts.models import User


class PasswordBackend(ModelBackend):
    """Django's own, closed to the demo's accounts on a service that others can reach."""

    def user_can_authenticate(self, user: User | AnonymousUser | None) -> bool:
        return bool(getattr(user, "may_enter", False))
