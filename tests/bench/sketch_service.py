"""A bare Django/DRF service with just claim and submit: what the stack itself allows on a machine.

Not a model of how to write it: no roles, gold, drafts or checks. It gives the figure to compare with in the same run:
nine SQL statements a cycle, tokens by digest. Its tables lie in a database of its own, named by SKETCH_DSN.
"""

import hashlib
import os

from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

CLIENTS = 16

TABLES = """
drop table if exists tok, member, item, slot, resp, audit;
create table tok(digest text primary key, uid int);
create table member(pid int, uid int, paused bool, primary key(pid, uid));
create table item(id bigserial primary key, pid int, data jsonb, done int default 0);
create table slot(id bigserial primary key, pid int, item bigint, uid int, state smallint default 0,
                  ord double precision, expires timestamptz, lease uuid);
create table resp(id bigserial primary key, slot bigint unique, uid int, output text, lead float, created timestamptz);
create table audit(id bigserial primary key, uid int, verb text, obj text, at timestamptz)
"""
INDEXES = """
create index on slot(pid, ord) where state = 0; create unique index on slot(item, uid);
create unique index on slot(lease); analyze
"""
TAKE = """
update slot set uid = %s, state = 1, expires = now() + interval '10 min', lease = gen_random_uuid() where id = (
    select s.id from slot s where s.pid = %s and s.state = 0
    and not exists (select 1 from slot x where x.item = s.item and x.uid = %s)
    order by s.ord limit 1 for update skip locked) returning lease, item, expires
"""


def digest(token):
    return hashlib.sha512(token.encode()).hexdigest()


def prepare(dsn, items):
    import psycopg

    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(TABLES)
        text = "jsonb_build_object('instruction', repeat('explain the topic in plain words ', 6))"
        db.execute(f"insert into item(pid, data) select 1, {text} from generate_series(1, %s)", [items])
        db.execute("insert into slot(pid, item, ord) select 1, id, random() from item")
        db.execute(INDEXES)
        for user in range(CLIENTS):
            db.execute("insert into tok values (%s, %s)", [digest(f"t{user}"), user])
            db.execute("insert into member values (1, %s, false)", [user])


def configure():
    dsn = conninfo_to_dict(os.environ["SKETCH_DSN"])
    settings.configure(
        SECRET_KEY="sketch",
        ROOT_URLCONF=__name__,
        ALLOWED_HOSTS=["*"],
        USE_TZ=True,
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "rest_framework"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            "django.middleware.locale.LocaleMiddleware",
            "django.middleware.common.CommonMiddleware",
        ],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql",
                "NAME": dsn["dbname"],
                "USER": dsn["user"],
                "HOST": dsn["host"],
                "PORT": dsn.get("port", ""),
                "OPTIONS": {"pool": {"min_size": 2, "max_size": 8}},
            }
        },
        REST_FRAMEWORK={
            "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
            "UNAUTHENTICATED_USER": None,
        },
    )


if os.environ.get("SKETCH_DSN"):
    configure()
    import django

    django.setup()
    from django.core.wsgi import get_wsgi_application
    from django.db import connection, transaction
    from django.urls import path
    from rest_framework import serializers
    from rest_framework.authentication import BaseAuthentication
    from rest_framework.response import Response
    from rest_framework.views import APIView

    class Person:
        is_authenticated = True

        def __init__(self, key):
            self.id = key

    class TokenDigest(BaseAuthentication):
        def authenticate(self, request):
            with connection.cursor() as cursor:
                cursor.execute("select uid from tok where digest = %s", [digest(request.headers["Authorization"][6:])])
                row = cursor.fetchone()
            return (Person(row[0]), None) if row else None

    class Answer(serializers.Serializer):
        output = serializers.CharField()
        lead_time = serializers.FloatField()

    class Claim(APIView):
        authentication_classes = [TokenDigest]

        def post(self, request, pid):
            user = request.user.id
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute("select paused from member where pid = %s and uid = %s", [pid, user])
                cursor.fetchone()
                cursor.execute(TAKE, [user, pid, user])
                row = cursor.fetchone()
                if not row:
                    return Response(status=204)
                cursor.execute("select data from item where id = %s", [row[1]])
                data = cursor.fetchone()[0]
            return Response({"assignment": str(row[0]), "item": data, "expires_at": row[2]})

    class Submit(APIView):
        authentication_classes = [TokenDigest]

        def post(self, request, lease):
            given = Answer(data=request.data)
            given.is_valid(raise_exception=True)
            values, user = given.validated_data, request.user.id
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(
                    "select id, item from slot where lease = %s and uid = %s and state = 1 for update", [lease, user]
                )
                row = cursor.fetchone()
                if not row:
                    return Response({"code": "lost"}, status=409)
                cursor.execute(
                    "insert into resp(slot, uid, output, lead, created) values (%s, %s, %s, %s, now()) returning id",
                    [row[0], user, values["output"], values["lead_time"]],
                )
                made = cursor.fetchone()[0]
                cursor.execute("update slot set state = 2 where id = %s", [row[0]])
                cursor.execute("update item set done = done + 1 where id = %s", [row[1]])
                cursor.execute(
                    "insert into audit(uid, verb, obj, at) values (%s, 'submit', %s, now())", [user, str(made)]
                )
            return Response({"id": made}, status=201)

    urlpatterns = [
        path("projects/<int:pid>/claim/", Claim.as_view()),
        path("assignments/<uuid:lease>/submit/", Submit.as_view()),
    ]
    application = get_wsgi_application()
