from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from sftlab.accounts.models import User
from sftlab.errors import Missing

View = Callable[..., HttpResponse]


def me(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


def admins_only(view: View) -> View:
    """For others the page does not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not me(request).is_admin:
            raise Missing(_("There is no such thing here."))
        return view(request, *args, **kwargs)

    return login_required(guarded)
