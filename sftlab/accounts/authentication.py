from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from knox import auth
from knox.crypto import hash_token
from rest_framework.exceptions import AuthenticationFailed

from sftlab.accounts.models import ApiToken, User

SEEN_EVERY = timedelta(minutes=5)


class TokenAuthentication(auth.TokenAuthentication):  # type: ignore[misc]  # knox has no types
    """Knox's tokens, found by digest in one query, with the last use kept to a few minutes."""

    def authenticate_credentials(self, token: bytes) -> tuple[User, ApiToken]:
        now = timezone.now()
        try:
            found = ApiToken.objects.select_related("user").get(digest=hash_token(token.decode()))
        except (ApiToken.DoesNotExist, UnicodeDecodeError):
            raise AuthenticationFailed(_("This token is unknown or was revoked. Get a new one.")) from None
        if found.expiry is not None and found.expiry < now:
            raise AuthenticationFailed(_("This token has expired. Get a new one."))
        if not found.user.may_enter:
            raise AuthenticationFailed(_("This account is switched off."))
        if found.last_used_at is None or now - found.last_used_at > SEEN_EVERY:
            ApiToken.objects.filter(digest=found.digest).update(last_used_at=now)
        return found.user, found
