"""Role × endpoint, generated from the URLs: an endpoint without an entry fails, and so does a cell that changed."""

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from annotation.models import ImportJob, Membership
from annotation.services import datasets, review, work
from tests.factories import annotation as make

MANAGE = "manager admin"
JUDGE = f"reviewer {MANAGE}"
ALL = f"annotator {JUDGE}"
LOGGED_IN = f"stranger {ALL}"
TABLE = {
    ("projects/", "GET"): LOGGED_IN,
    ("projects/", "POST"): MANAGE,
    ("projects/<uuid:project>/", "GET"): ALL,
    ("projects/<uuid:project>/", "PATCH"): MANAGE,
    ("projects/<uuid:project>/members/", "GET"): MANAGE,
    ("projects/<uuid:project>/members/", "POST"): MANAGE,
    ("projects/<uuid:project>/members/<uuid:member>/", "DELETE"): MANAGE,
    ("projects/<uuid:project>/members/<uuid:member>/pause/", "POST"): MANAGE,
    ("projects/<uuid:project>/members/<uuid:member>/lift/", "POST"): MANAGE,
    ("projects/<uuid:project>/guidelines/", "GET"): ALL,
    ("projects/<uuid:project>/guidelines/", "POST"): MANAGE,
    ("projects/<uuid:project>/items/", "GET"): MANAGE,
    ("projects/<uuid:project>/items/", "POST"): MANAGE,
    ("projects/<uuid:project>/items/bulk/", "POST"): MANAGE,
    ("projects/<uuid:project>/import/", "POST"): MANAGE,
    ("projects/<uuid:project>/progress/", "GET"): JUDGE,
    ("projects/<uuid:project>/agreement/", "GET"): MANAGE,
    ("projects/<uuid:project>/agreement/history/", "GET"): MANAGE,
    ("projects/<uuid:project>/people/", "GET"): MANAGE,
    ("projects/<uuid:project>/throughput/", "GET"): MANAGE,
    ("projects/<uuid:project>/adjudications/", "GET"): JUDGE,
    ("projects/<uuid:project>/drafts/", "GET"): ALL,
    ("projects/<uuid:project>/signals/", "GET"): MANAGE,
    ("projects/<uuid:project>/claim/", "POST"): "annotator",
    ("projects/<uuid:project>/responses/", "GET"): JUDGE,
    ("projects/<uuid:project>/reviews/", "GET"): JUDGE,
    ("projects/<uuid:project>/reviews/next/", "POST"): JUDGE,
    ("projects/<uuid:project>/versions/", "GET"): ALL,
    ("projects/<uuid:project>/versions/", "POST"): MANAGE,
    ("jobs/<uuid:job>/", "GET"): MANAGE,
    ("items/<uuid:item>/", "GET"): JUDGE,
    ("items/<uuid:item>/comments/", "GET"): ALL,
    ("items/<uuid:item>/comments/", "POST"): ALL,
    ("items/<uuid:item>/adjudicate/", "POST"): JUDGE,
    ("assignments/<uuid:assignment>/draft/", "PUT"): "annotator",
    ("assignments/<uuid:assignment>/submit/", "POST"): "annotator",
    ("assignments/<uuid:assignment>/skip/", "POST"): "annotator",
    ("assignments/<uuid:assignment>/release/", "POST"): "annotator",
    ("assignments/<uuid:assignment>/heartbeat/", "POST"): "annotator",
    ("responses/<uuid:answer>/review/", "POST"): JUDGE,
    ("versions/<uuid:version>/", "GET"): ALL,
    ("versions/<uuid:version>/diff/", "GET"): ALL,
    ("versions/<uuid:version>/export/", "GET"): ALL,
}


def endpoints(resolver=None, prefix=""):
    """`(path below /api/v1/, method)` of every view of this app's API."""
    for entry in (resolver or get_resolver()).url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from endpoints(entry, path)
        elif isinstance(entry, URLPattern):
            view = getattr(entry.callback, "cls", None) or getattr(entry.callback, "view_class", None)
            if view and issubclass(view, APIView) and view.__module__.startswith("annotation.api"):
                methods = [name for name in view.http_method_names if name != "options" and hasattr(view, name)]
                yield from ((path.removeprefix("api/v1/"), name.upper()) for name in methods)


def test_every_endpoint_has_an_entry():
    assert set(endpoints()) == set(TABLE)


@pytest.fixture
def cast(admin, alice, bob, carol, dave):
    return {"nobody": None, "stranger": dave, "annotator": alice, "reviewer": bob, "manager": carol, "admin": admin}


@pytest.fixture
def ids(admin, alice, bob, carol):
    """One of everything that a path can name."""
    project = make.project(admin, items=4, people=[alice])
    reviewer = Membership.objects.create(project=project, user=bob, role="reviewer")
    Membership.objects.create(project=project, user=carol, role="manager")
    first = work.claim(user=alice, project=project.uuid)
    accepted = work.submit(user=alice, assignment=first.assignment.uuid, body={"output": "x"}).response
    review.review(user=bob, response=accepted, verdict="accept")
    version = datasets.create_version(actor=admin, project=project, name="v1")
    second = work.claim(user=alice, project=project.uuid)
    waiting = work.submit(user=alice, assignment=second.assignment.uuid, body={"output": "y"}).response
    held = work.claim(user=alice, project=project.uuid)
    job = ImportJob.objects.create(project=project, created_by=admin, name="f.jsonl", path="f.jsonl")
    return {
        "project": project.uuid, "member": reviewer.uuid, "item": first.item.uuid, "assignment": held.assignment.uuid,
        "answer": waiting.uuid, "version": version.uuid, "job": job.uuid,
    }  # fmt: skip


def let_in(api, person, path, method):
    """With an empty body: those who are let in get past the permission, to whatever it then says."""
    with transaction.atomic():
        status = getattr(api(person), method.lower())(path).status_code
        transaction.set_rollback(True)
    return status not in (401, 403, 404)


def test_each_role_is_let_in_or_kept_out(api, cast, ids):
    found = {}
    for path, method in TABLE:
        address = "/api/v1/" + path
        for name, value in ids.items():
            address = address.replace(f"<uuid:{name}>", str(value))
        found[path, method] = {who for who, person in cast.items() if let_in(api, person, address, method)}
    assert found == {cell: set(allowed.split()) for cell, allowed in TABLE.items()}
