"""Whatever is sent to an endpoint that writes, with ids that exist: a refusal in the one error shape, never a 5xx."""

import json

import pytest
from django.db import transaction

from annotation.models import Membership
from annotation.services import work
from tests.factories import annotation as make

DEEP = json.loads("[" * 100 + "]" * 100)
VALUES = [None, True, -1, 10**30, 1.5e308, "", "x\x00", "\ud800", "x" * 200_001, [], [[]], {}, {"a": {}}, DEEP]
FIELDS = {
    "projects/": ["name", "kind", "language", "overlap", "dimensions", "seed", "gold_rate", "guidelines"],
    "projects/{project}/members/": ["username", "role", "skills"],
    "projects/{project}/guidelines/": ["text"],
    "projects/{project}/items/": [],
    "projects/{project}/items/bulk/": ["items", "action", "username", "priority", "reason"],
    "projects/{project}/claim/": ["ahead"],
    "projects/{project}/versions/": ["name", "splits", "seed", "note"],
    "items/{item}/comments/": ["text"],
    "items/{item}/adjudicate/": ["choice", "comment"],
    "assignments/{assignment}/submit/": ["output", "messages", "ratings", "flags", "lead_time", "guideline"],
    "assignments/{assignment}/skip/": ["reason"],
    "responses/{response}/review/": ["verdict", "comment", "output"],
}  # fmt: skip
GOOD = {
    "projects/": {"name": "P", "kind": "write"},
    "projects/{project}/members/": {"username": "dave", "role": "annotator"},
    "projects/{project}/items/bulk/": {"action": "exclude"},
    "projects/{project}/versions/": {"name": "v1"},
    "assignments/{assignment}/submit/": {"output": "x"},
    "responses/{response}/review/": {"verdict": "fix"},
}
ROW_FIELDS = ["id", "instruction", "input", "output", "system", "metadata", "messages", "conversations", "skill",
              "priority", "gold", "feedback"]  # fmt: skip


@pytest.fixture
def world(admin, bob, dave):
    """An admin who annotates as well, so that every endpoint lets them in."""
    project = make.project(admin, items=3, people=[admin, bob])
    Membership.objects.create(project=project, user=admin, role="manager")
    other = work.claim(user=bob, project=project.uuid)
    response = work.submit(user=bob, assignment=other.assignment.uuid, body={"output": "y"}).response
    held = work.claim(user=admin, project=project.uuid)
    return {
        "project": project.uuid,
        "item": held.item.uuid,
        "assignment": held.assignment.uuid,
        "response": response.uuid,
    }


def send(client, address, body):
    with transaction.atomic():
        answer = client.post(f"/api/v1/{address}", json.dumps(body), content_type="application/json")
        transaction.set_rollback(True)
    assert answer.status_code < 500, body
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "message", "errors"}


@pytest.mark.parametrize("path", FIELDS)
def test_a_hostile_field_is_refused(api, admin, world, path):
    client = api(admin)
    for body in VALUES:
        send(client, path.format(**world), body)
    for field in FIELDS[path]:
        for value in VALUES:
            send(client, path.format(**world), {**GOOD.get(path, {}), field: value})


@pytest.mark.parametrize("field", ROW_FIELDS)
def test_a_hostile_row_is_listed(api, admin, world, field):
    client, address = api(admin), "projects/{project}/items/".format(**world)
    send(client, address, [{"instruction": "fine", field: value} for value in VALUES])
    send(client, address, [{field: value} for value in VALUES])


def test_a_hostile_draft_is_refused(api, admin, world):
    for value in VALUES:
        address = f"/api/v1/assignments/{world['assignment']}/draft/"
        answer = api(admin).put(address, json.dumps({"output": value}), content_type="application/json")
        assert answer.status_code in (200, 400, 413)
