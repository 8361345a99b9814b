"""Who may call, and how often: throttles and permissions that any endpoint can name.

Apart from `sftlab.api`, since DRF's views import these while they are being defined.
"""

from typing import TYPE_CHECKING, cast

from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

from sftlab.accounts.models import User

if TYPE_CHECKING:
    from rest_framework.views import APIView


def person(request: HttpRequest | Request) -> User:
    """Who asks, behind a permission that has kept out who is not logged in."""
    return cast(User, request.user)


class UserThrottle(UserRateThrottle):
    scope = "user"


class AnonThrottle(AnonRateThrottle):
    scope = "anon"


class LoginThrottle(AnonRateThrottle):
    scope = "login"


class TokenScope(BasePermission):
    """A read-only token reads, and nothing else."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        scope = getattr(request.auth, "scope", None)
        return scope != "read" or request.method in SAFE_METHODS


class IsAdmin(BasePermission):
    def has_permission(self, request: Request, view: "APIView") -> bool:
        return bool(getattr(request.user, "is_admin", False))
