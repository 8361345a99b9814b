"""The client against the real service, through its WSGI application."""

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from sftlab.accounts.services import create_token
from sftlab.client import ApiError, Client
from sftlab.wsgi import application
from tests.evaluation.factories import PERFECT, make_model, records


@pytest.fixture
def client(admin):
    _token, text = create_token(user=admin)
    with Client("http://testserver", text, transport=httpx.WSGITransport(app=application)) as made:
        yield made


@pytest.fixture(autouse=True)
def _one_connection():
    """A request does not give back the connection that the test's rows are on, as with Django's own test client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_from_an_evaluation_set_to_a_leaderboard(client, admin):
    evalset = client.create_evalset("basics", records())
    model = str(make_model(admin, "elsewhere").uuid)
    evaluation = client.create_evaluation(evalset["id"], [model], ["bleu"])
    sent = client.upload_outputs(evaluation["id"], model, [{"id": key, "text": text} for key, text in PERFECT.items()])
    assert sent["created"] == len(PERFECT)
    assert client.evaluation(evaluation["id"])["status"] == "scoring"
    board = client.create_leaderboard("board", "Board", evalset["id"])
    assert [one["slug"] for one in client.pages("leaderboards/")] == [board["slug"]]


def test_pages_are_followed_to_the_end(client, admin):
    for number in range(3):
        client.create_evalset(f"set {number}", records())
    assert len(list(client.pages("evalsets/", page_size=2))) == 3


def test_a_refusal_names_the_fields(client):
    with pytest.raises(ApiError) as caught:
        client.create_evalset("broken", [{"id": "a"}])
    assert (caught.value.status, caught.value.code) == (400, "bad_input")
    assert caught.value.errors[0]["field"] == "items[0].turns"


def test_asked_too_often_it_waits_as_told(monkeypatch):
    slept, answers = [], [httpx.Response(429, headers={"Retry-After": "7"}), httpx.Response(200, json={"ok": True})]
    monkeypatch.setattr("sftlab.client.time.sleep", slept.append)
    made = Client("http://service", transport=httpx.MockTransport(lambda request: answers.pop(0)))
    assert made.get("anything/") == {"ok": True}
    assert slept == [7.0]


def test_an_unchanged_leaderboard_is_none():
    def answer(request):
        if request.headers.get("If-None-Match") == '"a"':
            return httpx.Response(304, headers={"ETag": '"a"'})
        return httpx.Response(200, headers={"ETag": '"a"'}, json={"rows": []})

    made = Client("http://service", transport=httpx.MockTransport(answer))
    board, etag = made.leaderboard_if_changed("board", None)
    assert board == {"rows": []}
    assert made.leaderboard_if_changed("board", etag) == (None, etag)


def test_waiting_ends_with_the_state_or_in_time(monkeypatch):
    states = iter(["queued", "running", "done"])
    monkeypatch.setattr("sftlab.client.time.sleep", lambda seconds: None)
    made = Client(
        "http://service",
        transport=httpx.MockTransport(lambda request: httpx.Response(200, json={"status": next(states)})),
    )
    assert made.wait("runs/1/")["status"] == "done"
    forever = Client(
        "http://service", transport=httpx.MockTransport(lambda request: httpx.Response(200, json={"status": "queued"}))
    )
    with pytest.raises(TimeoutError):
        forever.wait("runs/1/", seconds=0.05)
