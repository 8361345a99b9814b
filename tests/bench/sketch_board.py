"""The bare stack with one stored body in one table: what Django, psycopg and the server allow on this machine.

DSN in SKETCH_DSN; `prepare(dsn, body)` makes the table.
"""

import hashlib
import os

import psycopg


def prepare(dsn, body):
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute("CREATE TABLE board (id int PRIMARY KEY, etag text, body text)")
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:40]}"'
        db.execute("INSERT INTO board VALUES (1, %s, %s)", [etag, body])


def make_application():
    import django
    from django.conf import settings
    from psycopg.conninfo import conninfo_to_dict

    dsn = conninfo_to_dict(os.environ["SKETCH_DSN"])
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": dsn["dbname"],
        "USER": dsn["user"],
        "HOST": dsn["host"],
        "PORT": dsn["port"],
        "OPTIONS": {"pool": {"min_size": 2, "max_size": 8}},
    }
    names = ("security.Security", "locale.Locale", "common.Common")
    middleware = [f"django.middleware.{name}Middleware" for name in names]
    settings.configure(
        SECRET_KEY="sketch",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        DATABASES={"default": database},
        MIDDLEWARE=middleware,
    )
    django.setup()
    from django.core.wsgi import get_wsgi_application

    return get_wsgi_application()


def stored(request):
    from django.db import connection
    from django.http import HttpResponse

    with connection.cursor() as cursor:
        cursor.execute("SELECT etag FROM board WHERE id = 1")
        etag = cursor.fetchone()[0]
        if request.headers.get("If-None-Match") == etag:
            return HttpResponse(status=304, headers={"ETag": etag})
        cursor.execute("SELECT body FROM board WHERE id = 1")
        return HttpResponse(cursor.fetchone()[0], content_type="application/json", headers={"ETag": etag})


def _urlpatterns():
    from django.urls import path

    return [path("board/", stored)]


if os.environ.get("SKETCH_DSN"):
    application = make_application()
    urlpatterns = _urlpatterns()
