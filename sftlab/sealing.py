"""Secrets of others that the service must use itself: kept encrypted, under a key that only its own secret gives."""

import base64
from collections.abc import Iterator
from functools import cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from sftlab.errors import Unavailable


def seal(secret: str) -> str:
    return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).encrypt(secret.encode()).decode()


def unseal(sealed: str) -> str:
    """Raises Unavailable when neither the service's secret nor an old one opens it."""
    try:
        return _box(settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS).decrypt(sealed.encode()).decode()
    except InvalidToken as error:
        reason = _("A stored key can't be read: the service's secret has changed. Enter the key again.")
        raise Unavailable(reason, code="sealed") from error


@cache
def _box(*secrets: str) -> MultiFernet:
    return MultiFernet(_keys(secrets))


def _keys(secrets: tuple[str, ...]) -> Iterator[Fernet]:
    for secret in secrets:
        derived = HKDF(SHA256(), length=32, salt=None, info=b"sftlab.sealing").derive(secret.encode())
        yield Fernet(base64.urlsafe_b64encode(derived))
