from datetime import timedelta
from functools import cache

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone
from django.utils.translation import gettext as _
from knox import auth
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from sftlab import prepared
from sftlab.accounts.models import ApiToken, User

SEEN_EVERY = timedelta(minutes=5)


@cache
def _statement() -> str:
    names = f"{prepared.columns(ApiToken, 't.')}, {prepared.columns(User, 'u.')}"
    token, user = ApiToken._meta.db_table, User._meta.db_table
    return f"SELECT {names} FROM {token} t JOIN {user} u ON u.id = t.user_id WHERE t.digest = %(digest)s"  # noqa: S608 - names of tables and columns


def _token(text: bytes) -> ApiToken | None:
    try:
        row = prepared.row(_statement(), {"digest": hash_token(text.decode())})
    except UnicodeDecodeError:
        return None
    if row is None:
        return None
    names = [[field.attname for field in model._meta.concrete_fields] for model in (ApiToken, User)]
    found = ApiToken.from_db(DEFAULT_DB_ALIAS, names[0], row[: len(names[0])])
    found.user = User.from_db(DEFAULT_DB_ALIAS, names[1], row[len(names[0]) :])
    return found


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """Knox's tokens, found by digest in one query, with the last use kept to a few minutes."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        now = timezone.now()
        found = _token(token)
        if found is None:
            raise AuthenticationFailed(_("This token is unknown or was revoked. Get a new one."))
        if found.expiry is not None and found.expiry < now:
            raise AuthenticationFailed(_("This token has expired. Get a new one."))
        if not found.user.may_enter:
            raise AuthenticationFailed(_("This account is switched off."))
        if found.last_used_at is None or now - found.last_used_at > SEEN_EVERY:
            ApiToken.objects.filter(digest=found.digest).update(last_used_at=now)
        return found.user, found
