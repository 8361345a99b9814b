"""The newest snapshot's stored body in one statement: what programs ask for thousands of times.

It answers only what it is sure of: a slice that exists, for a reader whose token is fresh. Everything else, refusals
included, is left to the view beside it.
"""

from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from knox.crypto import hash_token

from evaluation.api.reading import etags_asked, headers_for, within_rate
from evaluation.models import Leaderboard, SnapshotSlice
from sftlab import prepared
from sftlab.accounts.authentication import SEEN_EVERY
from sftlab.accounts.models import ApiToken, User

PLAIN = frozenset({"language", "category", "format"})
"""What a stored body answers; anything else is cut from its rows."""
TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8"}

View = Callable[..., HttpResponse]


def quick_first(view: View) -> View:
    """The quick answer where there is one, else the view's."""

    def answer(request: HttpRequest, slug: str) -> HttpResponse:
        found = quick(request, slug) if request.method in ("GET", "HEAD") else None
        return view(request, slug=slug) if found is None else found

    answer.csrf_exempt = True  # type: ignore[attr-defined]  # as the API's views are; a GET changes nothing
    answer.cls = getattr(view, "cls", None)  # type: ignore[attr-defined]  # by which the schema finds the view
    answer.initkwargs = getattr(view, "initkwargs", {})  # type: ignore[attr-defined]
    return answer


def quick(request: HttpRequest, slug: str) -> HttpResponse | None:
    asked = request.GET
    kind = asked.get("format", "json")
    if kind not in TYPES or not PLAIN.issuperset(asked):
        return None
    words = request.META.get("HTTP_AUTHORIZATION", "").split()
    token = words[1] if len(words) == 2 and words[0].lower() == "token" else ""
    if words and not token:
        return None
    values = {
        "slug": slug,
        "language": asked.get("language", ""),
        "category": asked.get("category", ""),
        "known": etags_asked(request.headers),
        "digest": hash_token(token) if token else "",
        "seen": SEEN_EVERY,
        "local": settings.IS_LOCAL,
    }
    row = prepared.row(_statement(kind), values)
    if row is None:
        return None
    etag, body, visibility, reader, address = *row, request.META.get("REMOTE_ADDR", "")
    if (token and reader is None) or not within_rate(reader or address):
        return None
    headers = headers_for(visibility, etag)
    if body is None:
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(body, content_type=TYPES[kind], headers=headers)


@cache
def _statement(kind: str) -> str:
    """The body is left out where the reader has it. `reader` is the token's user, if the token may be used as it is."""
    tables = {
        "slice": SnapshotSlice._meta.db_table,
        "board": Leaderboard._meta.db_table,
        "members": Leaderboard.members.through._meta.db_table,
        "token": ApiToken._meta.db_table,
        "user": User._meta.db_table,
        "kind": kind,
    }
    return """
        SELECT s.{kind}_etag, CASE WHEN s.{kind}_etag = ANY(%(known)s) THEN NULL ELSE s.{kind} END, b.visibility, u.id
        FROM {board} b
        JOIN {slice} s ON s.snapshot_id = b.current_id AND s.language = %(language)s AND s.category = %(category)s
        LEFT JOIN {token} t ON t.digest = %(digest)s AND t.expiry > now() AND t.last_used_at > now() - %(seen)s
        LEFT JOIN {user} u ON u.id = t.user_id AND u.is_active AND (%(local)s OR NOT u.demo)
        WHERE b.slug = %(slug)s AND (
            b.visibility = 'public'
            OR u.id IS NOT NULL AND (
                b.visibility = 'token' OR u.is_superuser OR b.created_by_id = u.id
                OR EXISTS (SELECT FROM {members} m WHERE m.leaderboard_id = b.id AND m.user_id = u.id)
            )
        )
    """.format(**tables)  # noqa: S608 - names of tables and one of two columns
