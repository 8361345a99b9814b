from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser


class PasswordBackend(ModelBackend):
    """Django's own, closed to the demo's accounts on a service that others can reach."""

    def user_can_authenticate(self, user: AbstractBaseUser | None) -> bool:
        return bool(getattr(user, "may_enter", False))
