"""The cast, on the real database: one admin and four people."""

import os
from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

os.environ.setdefault("HF_HUB_OFFLINE", "1")

Api = Callable[..., APIClient]


def _person(username: str, **extra: object):  # type: ignore[no-untyped-def]
    from sftlab.accounts.models import User

    user = User(username=username, **extra)
    user.set_unusable_password()
    user.save()
    return user


@pytest.fixture
def admin(db):
    return _person("admin", is_superuser=True, is_staff=True)


@pytest.fixture
def alice(db):
    return _person("alice")


@pytest.fixture
def bob(db):
    return _person("bob")


@pytest.fixture
def carol(db):
    return _person("carol")


@pytest.fixture
def dave(db):
    return _person("dave")


@pytest.fixture
def api() -> Api:
    """`api(alice)` is a client that is logged in as alice; `api()` is nobody."""

    def client(user=None) -> APIClient:
        made = APIClient()
        if user is not None:
            made.force_authenticate(user)
        return made

    return client
