from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from sftlab.accounts.models import ApiToken, User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Missing

LONGEST_TOKEN = timedelta(days=366)


@transaction.atomic
def create_user(
    *,
    actor: User | None,
    username: str,
    password: str,
    is_admin: bool = False,
    scripted: bool = False,
    demo: bool = False,
    language: str = "",
) -> User:
    """Raises BadInput when the name is taken or the password is weak."""
    roles = {"is_superuser": is_admin, "is_staff": is_admin, "scripted": scripted, "demo": demo}
    user = User(username=username, language=language, **roles)
    _check_password(password, user)
    user.set_password(password)
    try:
        user.full_clean(exclude=["password"])
        user.save()
    except (ValidationError, IntegrityError) as error:
        raise BadInput(
            _("This user can't be created."), errors=[{"field": "username", "reason": "; ".join(_messages(error))}]
        ) from error
    record(
        actor=actor, verb="user.create", obj=user, data={"username": username, "admin": is_admin, "scripted": scripted}
    )
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise BadInput(
            _("This password is too weak."),
            errors=[{"field": "password", "reason": reason} for reason in error.messages],
        ) from error


def _messages(error: Exception) -> Sequence[str]:
    return error.messages if isinstance(error, ValidationError) else [_("This name is taken.")]


def log_in_for_token(*, request: HttpRequest, username: str, password: str) -> tuple[ApiToken, str]:
    """The token's row and its text, which is shown this once. Raises BadInput for a wrong name or password.

    No transaction around it: the failed attempt, which counts towards the lock-out, must stay on record.
    """
    user = authenticate(request, username=username, password=password)
    if user is None:
        raise BadInput(_("The name or the password is wrong."), code="bad_credentials")
    return create_token(user=user)


@transaction.atomic
def create_token(
    *, user: User, name: str = "log-in", scope: str = ApiToken.Scope.WRITE, lasts: timedelta = timedelta(hours=10)
) -> tuple[ApiToken, str]:
    """A named token; its text is shown this once and stored as a digest."""
    if not timedelta(0) < lasts <= LONGEST_TOKEN:
        raise BadInput(
            _("Choose how long the token lasts: at most a year."),
            errors=[{"field": "expires_at", "reason": _("out of range")}],
        )
    token, text = ApiToken.objects.create(user=user, expiry=lasts, name=name, scope=scope)  # type: ignore[misc]  # knox's
    record(actor=user, verb="token.create", obj=token, data={"name": name, "scope": scope})
    return token, text


@transaction.atomic
def revoke_token(*, user: User, token: UUID) -> None:
    found = ApiToken.objects.filter(user=user, uuid=token).first()
    if found is None:
        raise Missing(_("There is no such token."))
    record(actor=user, verb="token.revoke", obj=found, data={"name": found.name})
    found.delete()


@transaction.atomic
def set_language(*, user: User, language: str) -> None:
    User.objects.filter(pk=user.pk).update(language=language)


def expired_tokens_delete() -> int:
    """Housekeeping; the number deleted."""
    return ApiToken.objects.filter(expiry__lt=timezone.now() - timedelta(days=30)).delete()[0]
