"""Who may read what beside a leaderboard, cell by cell; an endpoint of it without an entry fails."""

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from evaluation.lineage.people import alias
from evaluation.lineage.walk import KINDS
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from evaluation.services.webhooks import add_webhook
from sftlab.accounts.services import create_token
from tests.evaluation.factories import make_evaluation, score_here, upload
from tests.evaluation.worlds import make_world

READERS = {"public": "nobody stranger member admin", "token": "stranger member admin", "members": "member admin"}
READS = [
    "leaderboards/board/",
    "leaderboards/board/?snapshot=1",
    "leaderboards/board/?language=en&format=csv",
    "leaderboards/board/?columns=rank",
    "leaderboards/board/history/",
    "leaderboards/board/diff/?from=1",
    "leaderboards/board/badge.svg",
]
PAGES = ["/leaderboards/board/", "/leaderboards/board/?language=zh"]
HIDDEN = {"output"}
"""Kinds that only administrators look at: a text beside its model's name."""
MODULES = tuple(
    f"evaluation.api.{name}" for name in ("leaderboards", "board_parts", "lineage", "withdrawals", "conformance")
)
TABLE = {
    ("leaderboards/", "GET"): "nobody stranger member admin",
    ("leaderboards/", "POST"): "admin",
    ("leaderboards/<slug:slug>/", "GET"): "member admin",
    ("leaderboards/<slug:slug>/", "PATCH"): "admin",
    ("leaderboards/<slug:slug>/history/", "GET"): "member admin",
    ("leaderboards/<slug:slug>/diff/", "GET"): "member admin",
    ("leaderboards/<slug:slug>/gate/", "POST"): "member admin",
    ("leaderboards/<slug:slug>/badge.svg", "GET"): "member admin",
    ("leaderboards/<slug:slug>/webhooks/", "GET"): "admin",
    ("leaderboards/<slug:slug>/webhooks/", "POST"): "admin",
    ("leaderboards/<slug:slug>/webhooks/<uuid:webhook>/", "DELETE"): "admin",
    ("lineage/<slug:kind>/<str:key>/", "GET"): "member admin",
    ("rows/<uuid:row>/withdraw/", "POST"): "admin",
    ("rows/<uuid:row>/impact/", "GET"): "admin",
    ("conformance/", "GET"): "",  # nothing was derived here yet, whoever asks
    ("conformance/", "POST"): "admin",
}


@pytest.fixture
def people(admin, bob, carol):
    return {"nobody": None, "stranger": bob, "member": carol, "admin": admin}


@pytest.fixture
def world(admin, alice, carol):
    return make_world(admin, alice, visibility="members", members=["carol"])


def endpoints(resolver=None, prefix=""):
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from endpoints(entry, path)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "cls", None)
            if view and issubclass(view, APIView) and view.__module__ in MODULES:
                methods = [name for name in view.http_method_names if name != "options" and hasattr(view, name)]
                yield from ((path.removeprefix("api/v1/"), name.upper()) for name in methods)


def test_every_endpoint_has_an_entry():
    assert set(endpoints()) == set(TABLE)


def test_each_person_is_let_in_or_kept_out(api, admin, people, world):
    webhook = add_webhook(actor=admin, leaderboard=world.board, url="https://example.org/")
    names = {
        "<slug:slug>": "board", "<slug:kind>": "snapshot", "<str:key>": str(world.board.current.uuid),
        "<uuid:webhook>": str(webhook.uuid), "<uuid:row>": str(world.kinds()["row"]),
    }  # fmt: skip

    def let_in(person, path, method):
        for name, value in names.items():
            path = path.replace(name, value)
        with transaction.atomic():
            status = getattr(api(person), method.lower())(f"/api/v1/{path}").status_code
            transaction.set_rollback(True)
        return status not in (401, 403, 404)

    found = {cell: {who for who, person in people.items() if let_in(person, *cell)} for cell in TABLE}
    assert found == {cell: set(allowed.split()) for cell, allowed in TABLE.items()}


@pytest.mark.parametrize("visibility", READERS)
def test_every_read_is_for_readers_and_for_others_does_not_exist(api, client, people, world, visibility):
    world.board.visibility = visibility
    world.board.save()
    found = {}
    for who, person in people.items():
        if person is not None:
            client.force_login(person)
        for path in READS:
            found[who, path] = api(person).get(f"/api/v1/{path}").status_code
        for path in PAGES:
            found[who, path] = client.get(path).status_code
    readers = READERS[visibility].split()
    assert found == {(who, path): 200 if who in readers else 404 for who in people for path in [*READS, *PAGES]}


CELLS = [
    ("public", "nobody"),
    ("token", "stranger"),
    ("token", "nobody"),
    ("members", "member"),
    ("members", "stranger"),
]


def test_the_lineage_of_every_kind_is_for_the_readers_of_the_board(api, people, world, alice):
    found, expected = {}, {}
    keys = world.kinds() | {"person": alias(alice)}
    for visibility, who in CELLS:
        world.board.visibility = visibility
        world.board.save()
        reads = who in READERS[visibility].split()
        for kind, key in keys.items():
            expected[visibility, who, kind] = 200 if reads and kind not in HIDDEN else 404
            found[visibility, who, kind] = api(people[who]).get(f"/api/v1/lineage/{kind}/{key}/").status_code
    assert found == expected
    assert set(keys) == set(KINDS)


def test_every_kind_has_a_page_for_admins_and_none_for_strangers(client, people, world):
    client.force_login(people["admin"])
    assert {client.get(f"/lineage/{kind}/{key}/").status_code for kind, key in world.kinds().items()} == {200}
    client.force_login(people["stranger"])
    assert {client.get(f"/lineage/{kind}/{key}/").status_code for kind, key in world.kinds().items()} == {404}


def test_lineage_names_nobody_and_quotes_nothing_to_readers(api, carol, world):
    for kind, key in world.kinds().items():
        said = api(carol).get(f"/api/v1/lineage/{kind}/{key}/").content.decode()
        assert "alice" not in said
        for text in ("An answer.", "A comment.", "board's data 0", "The capital of France"):
            assert text not in said


def test_counts_tell_readers_nothing_of_a_leaderboard_they_may_not_read(api, admin, alice, carol, world):
    secret = create_leaderboard(actor=admin, name="secret", evalset=world.board.evalset.uuid, visibility="members")
    build_snapshot(leaderboard=secret)
    data = api(carol).get(f"/api/v1/lineage/system/{world.kinds()['system']}/").data
    (snapshots,) = [group for group in data["down"] if group["kind"] == "snapshot"]
    assert (snapshots["count"], len(snapshots["nodes"])) == (1, 1)
    assert "secret" not in str(data)


def test_a_gate_tells_nothing_of_a_set_whose_boards_one_may_not_read(api, admin, carol, world):
    other = make_world(admin, carol, name="other", visibility="members", members=["carol"])
    evaluation_set = str(other.board.evalset.uuid)
    evaluation = make_evaluation(admin, other.board.evalset, world.base, world.tuned)
    for model in (world.base, world.tuned):
        upload(admin, evaluation, model)
    score_here(evaluation)
    rules = [{"metric": "bleu", "language": "en", "evalset": evaluation_set}]
    body = {"model": str(world.tuned.uuid), "baseline": str(world.base.uuid), "rules": rules}

    def verdict(person):
        return api(person).post("/api/v1/leaderboards/board/gate/", body).data["verdict"]

    assert verdict(admin) == "pass"
    assert verdict(carol) == "undetermined"  # her board on that set shows other models


@pytest.mark.parametrize(("path", "status"), [("", 200), ("gate/", 400), ("webhooks/", 403)])
def test_a_read_only_token_reads_and_asks_the_gate_and_changes_nothing(client, admin, world, path, status):
    _token, text = create_token(user=admin, scope="read")
    address, headers = f"/api/v1/leaderboards/board/{path}", {"Authorization": f"Token {text}"}
    answer = (
        client.post(address, {}, "application/json", headers=headers) if path else client.get(address, headers=headers)
    )
    assert answer.status_code == status
