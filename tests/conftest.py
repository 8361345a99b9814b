"""The cast, on the real database: one admin and four people."""

import os
import shutil
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.core.cache import cache
from django.db import connection
from rest_framework.test import APIClient

os.environ.setdefault("HF_HUB_OFFLINE", "1")

Api = Callable[..., APIClient]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Tests that commit are cleaned up by TRUNCATE, which the audit log refuses; its own test switches that back."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER audit_no_truncate")


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


@pytest.fixture(autouse=True)
def _fresh_throttles():
    cache.clear()


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


def _has_chromium() -> bool:
    return bool(os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser"))


def pytest_ignore_collect(collection_path, config):  # type: ignore[no-untyped-def]
    if "browser" in collection_path.parts and not _has_chromium() and os.environ.get("SFTLAB_BROWSER") != "required":
        return True
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):  # type: ignore[no-untyped-def]
    """The slow ones first, so that none is left to one worker at the end.

    pytest leaves the operation out of the id of schemathesis' tests, and xdist runs one test for each id.
    """
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)
    for item in items:
        if getattr(item, "operation_label", None):
            item._id = replace(item.id, params=item.operation_label)


def pytest_terminal_summary(terminalreporter):  # type: ignore[no-untyped-def]
    if not _has_chromium():
        terminalreporter.write_line(
            "The browser tests (tests/browser) were left out: there is no Chromium here. "
            "Install one (Debian: apt-get install chromium) or name it in CHROMIUM."
        )
