"""The loop as a program drives it: import, claim, submit, review, freeze, export."""

import json

import pytest

from sftlab.audit.models import Event

V1 = "/api/v1"
ROWS = [
    {"instruction": "Name a prime.", "input": "", "output": ""},
    {"id": "r-2", "instruction": "翻译成英文", "input": "你好", "metadata": {"category": "translation"}},
    {"conversations": [{"from": "human", "value": "Hi"}, {"from": "gpt", "value": "Hello"}]},
]


@pytest.fixture
def made(api, admin, alice, bob):
    """A project by REST, alice annotating and bob reviewing; its id."""
    client = api(admin)
    body = {"name": "Loop", "kind": "write", "language": "mixed", "overlap": 1, "lease_minutes": 10, "gold_rate": 0}
    project = client.post(f"{V1}/projects/", body).json()["id"]
    for username, role in [("alice", "annotator"), ("bob", "reviewer")]:
        answer = client.post(f"{V1}/projects/{project}/members/", {"username": username, "role": role})
        assert answer.status_code == 201
    return project


def submit_all(client, project):
    ids = []
    while (claimed := client.post(f"{V1}/projects/{project}/claim/")).status_code == 200:
        assignment = claimed.json()["assignment"]
        body = {"output": f"Answer to {claimed.json()['item']['instruction']}", "lead_time": 4.5}
        ids.append(client.post(f"{V1}/assignments/{assignment}/submit/", body).json()["id"])
    return ids


def test_rows_become_a_frozen_version(api, made, admin, alice, bob):
    imported = api(admin).post(f"{V1}/projects/{made}/items/", [*ROWS, ROWS[0], {"input": "x"}])
    assert (imported.status_code, imported.json()["created"], imported.json()["duplicates"]) == (201, 3, 1)
    assert imported.json()["errors"][0]["row"] == 5

    for response in submit_all(api(alice), made):
        assert api(bob).post(f"{V1}/responses/{response}/review/", {"verdict": "accept"}).status_code == 201

    version = api(admin).post(f"{V1}/projects/{made}/versions/", {"name": "v1", "splits": {"train": 1.0}, "seed": 7})
    assert version.status_code == 201, version.json()
    assert version.json()["rows"] == 3
    export = api(admin).get(f"{V1}/versions/{version.json()['id']}/export/?format=messages")
    rows = [json.loads(line) for line in b"".join(export.streaming_content).decode().splitlines()]
    assert rows[1]["messages"] == [
        {"role": "user", "content": "翻译成英文\n\n你好"},
        {"role": "assistant", "content": "Answer to 翻译成英文"},
    ]


def test_each_write_left_an_event(api, made, admin, alice):
    api(admin).post(f"{V1}/projects/{made}/items/", ROWS)
    submit_all(api(alice), made)
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert verbs == {"project.create", "project.member", "items.import", "response.submit"}


class TestSubmit:
    @pytest.fixture
    def assignment(self, api, made, admin, alice):
        api(admin).post(f"{V1}/projects/{made}/items/", ROWS)
        return api(alice).post(f"{V1}/projects/{made}/claim/").json()["assignment"]

    def test_repeated_it_answers_the_same(self, api, alice, assignment):
        send = lambda: api(alice).post(  # noqa: E731
            f"{V1}/assignments/{assignment}/submit/", {"output": "a", "lead_time": 1}, headers={"Idempotency-Key": "k"}
        )
        first, second = send(), send()
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()

    def test_the_same_key_with_another_body_is_a_conflict(self, api, alice, assignment):
        for output, status in [("a", 201), ("b", 409)]:
            answer = api(alice).post(
                f"{V1}/assignments/{assignment}/submit/", {"output": output}, headers={"Idempotency-Key": "k"}
            )
            assert answer.status_code == status

    def test_somebody_elses_assignment_does_not_exist(self, api, bob, assignment):
        assert api(bob).post(f"{V1}/assignments/{assignment}/submit/", {"output": "a"}).status_code == 404

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"output": " "}, "output"),
            ({"output": 3}, "output"),
            ({"output": "x", "lead_time": -1}, "lead_time"),
            ({"output": "x", "lead_time": True}, "lead_time"),
            ({"output": "x\x00"}, ""),
            ({"outptu": "x"}, "outptu"),
            ({"output": "x", "guideline": 1}, "guideline"),
            ({"messages": [{"role": "user", "content": "x"}]}, "messages[0].role"),
            ({"ratings": {"accuracy": 5}}, "ratings"),
        ],
    )
    def test_a_faulty_answer_is_refused_and_the_lease_kept(self, api, alice, assignment, body, field):
        answer = api(alice).post(f"{V1}/assignments/{assignment}/submit/", body)
        assert answer.status_code == 400
        assert field in [fault["field"] for fault in answer.json()["errors"]]
        assert api(alice).post(f"{V1}/assignments/{assignment}/submit/", {"output": "ok"}).status_code == 201

    def test_a_draft_comes_back_with_the_claim(self, api, made, alice, assignment):
        saved = api(alice).put(f"{V1}/assignments/{assignment}/draft/", {"output": "half"})
        assert saved.json() == {"live": True}
        assert api(alice).post(f"{V1}/projects/{made}/claim/").json()["draft"] == {"output": "half"}

    def test_a_skip_brings_another_item(self, api, made, alice, assignment):
        assert api(alice).post(f"{V1}/assignments/{assignment}/skip/", {"reason": "unclear"}).status_code == 204
        assert api(alice).post(f"{V1}/projects/{made}/claim/").json()["assignment"] != assignment

    def test_a_heartbeat_renews(self, api, alice, assignment):
        assert "expires_at" in api(alice).post(f"{V1}/assignments/{assignment}/heartbeat/").json()


class TestRate:
    @pytest.fixture
    def assignment(self, api, admin, alice):
        client = api(admin)
        project = client.post(f"{V1}/projects/", {"name": "Rate", "kind": "rate"}).json()["id"]
        client.post(f"{V1}/projects/{project}/members/", {"username": "alice", "role": "annotator"})
        client.post(f"{V1}/projects/{project}/items/", [{"instruction": "2+2?", "output": "4"}])
        return api(alice).post(f"{V1}/projects/{project}/claim/").json()["assignment"]

    def test_every_dimension_is_rated(self, api, alice, assignment):
        ratings = dict.fromkeys(["accuracy", "relevance", "completeness", "consistency"], 4)
        answer = api(alice).post(f"{V1}/assignments/{assignment}/submit/", {"ratings": ratings, "flags": ["harmful"]})
        assert answer.status_code == 201

    def test_a_missing_dimension_is_named(self, api, alice, assignment):
        answer = api(alice).post(f"{V1}/assignments/{assignment}/submit/", {"ratings": {"accuracy": 6}})
        fields = [fault["field"] for fault in answer.json()["errors"]]
        assert fields == [f"ratings.{name}" for name in ("accuracy", "relevance", "completeness", "consistency")]

    def test_a_row_without_a_response_can_not_be_rated(self, api, admin, assignment):
        project = api(admin).get(f"{V1}/projects/").json()["results"][0]["id"]
        answer = api(admin).post(f"{V1}/projects/{project}/items/", [{"instruction": "2+2?"}])
        assert answer.json()["errors"][0]["field"] == "output"
