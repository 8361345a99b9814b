"""The cast, on the real database: one admin and four people."""

import os
from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

os.environ.setdefault("HF_HUB_OFFLINE", "1")

Api = Callable[..., APIClient]


KEPT = {"django_migrations", "django_content_type", "auth_permission"}


@pytest.fixture(autouse=True, scope="session")
def _flush_past_the_audit_log():
    """Tests with real transactions empty every table afterwards, which the audit log's trigger rightly refuses.

    DELETE, since it is many times faster than TRUNCATE on small tables.
    """
    from django.db.backends.postgresql.operations import DatabaseOperations

    def flush(self, _sql):
        with self.connection.cursor() as cursor:
            cursor.execute("SET session_replication_role = replica")
            for table in sorted(set(self.connection.introspection.table_names(cursor)) - KEPT):
                cursor.execute(f'DELETE FROM "{table}"')
            cursor.execute("SET session_replication_role = DEFAULT")

    DatabaseOperations.execute_sql_flush = flush


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
