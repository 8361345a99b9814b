from typing import cast

from django.http import HttpRequest
from rest_framework.request import Request

from sftlab.accounts.models import User


def person(request: HttpRequest | Request) -> User:
    """Who asks, behind a permission that has kept out who is not logged in."""
    return cast(User, request.user)
