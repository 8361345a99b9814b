from django.utils.translation import gettext as _
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request

from sftlab.access import IsAdmin, TokenScope
from sftlab.accounts.models import User
from sftlab.api import ErrorSerializer
from sftlab.errors import NotPermitted

ADMIN = (IsAuthenticated, TokenScope, IsAdmin)
READ = (AllowAny, TokenScope)
REFUSALS = dict.fromkeys((400, 401, 403, 404, 429), ErrorSerializer)
"""What any of these endpoints may answer."""


def user_of(request: Request) -> User:
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user


def admin_of(request: Request) -> User:
    """Who asks, when they are an administrator; after it is known that they may know of the thing."""
    user = user_of(request)
    if not user.is_admin:
        raise NotPermitted(_("Only administrators may do this."))
    return user
