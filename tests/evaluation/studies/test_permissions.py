"""Who may do what with a study, cell by cell; an endpoint of studies without an entry fails."""

import pytest
from django.db import transaction
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from evaluation.models.studies import Study
from evaluation.services.studies import rating as ratings
from evaluation.services.studies.members import add_member
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import close_study, refresh

MODULES = ("evaluation.api.studies", "evaluation.api.study_reports", "evaluation.api.ratings")
STUDY, RATING = "studies/<uuid:study>/", "ratings/<uuid:rating>/"
OPEN = {
    ("studies/", "GET"): "stranger rater manager admin",
    ("studies/", "POST"): "admin",
    (STUDY, "GET"): "rater manager admin",
    (f"{STUDY}members/", "GET"): "manager admin",
    (f"{STUDY}members/", "POST"): "manager admin",
    (f"{STUDY}members/<uuid:member>/", "POST"): "manager admin",
    (f"{STUDY}agreement/", "GET"): "manager admin",
    (f"{STUDY}results/", "GET"): "manager admin",
    (f"{STUDY}tables/<slug:table>/", "GET"): "manager admin",
    (f"{STUDY}refresh/", "POST"): "manager admin",
    (f"{STUDY}close/", "POST"): "manager admin",
    (f"{STUDY}report/", "GET"): "",  # there is none yet
    (f"{STUDY}preferences/", "GET"): "manager admin",
    (f"{STUDY}checks/", "POST"): "manager admin",
    (f"{STUDY}claim/", "POST"): "rater",
    (f"{RATING}draft/", "PUT"): "rater",
    (f"{RATING}heartbeat/", "POST"): "rater",
    (f"{RATING}skip/", "POST"): "rater",
    (f"{RATING}submit/", "POST"): "rater",
    (f"{RATING}undo/", "POST"): "rater",
}
ONCE_CLOSED = {
    f"{STUDY}{name}/": "rater manager admin" for name in ("agreement", "results", "tables/<slug:table>", "report")
}


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


@pytest.fixture
def people(admin, alice, bob, carol, study):
    """Alice rates, Bob has no part in it, Carol manages."""
    study.members.filter(user=bob).delete()
    add_member(actor=admin, study=study, username="carol", role="manager")
    return {"nobody": None, "stranger": bob, "rater": alice, "manager": carol, "admin": admin}


@pytest.fixture
def let_in(api, people, study, alice):
    first = ratings.claim(user=alice, study=study)
    ratings.submit(user=alice, uuid=first.uuid, key="k", body={"choice": "left"})
    refresh(study=Study.objects.get())
    names = {
        "<uuid:study>": str(study.uuid), "<slug:table>": "ranking", "<uuid:rating>": str(first.uuid),
        "<uuid:member>": str(study.members.get(user=alice).uuid),
    }  # fmt: skip

    def let(who, path, method):
        for name, value in names.items():
            path = path.replace(name, value)
        with transaction.atomic():
            status = getattr(api(people[who]), method.lower())(f"/api/v1/{path}").status_code
            transaction.set_rollback(True)
        return status not in (401, 403, 404)

    return let


def test_every_endpoint_has_an_entry():
    assert set(endpoints()) == set(OPEN)


def test_each_person_is_let_in_or_kept_out(people, let_in):
    found = {cell: {who for who in people if let_in(who, *cell)} for cell in OPEN}
    assert found == {cell: set(allowed.split()) for cell, allowed in OPEN.items()}


def test_raters_read_the_numbers_once_the_study_is_closed(admin, people, let_in, study):
    close_study(actor=admin, study=Study.objects.get())
    make_report(study=Study.objects.get())
    found = {path: {who for who in people if let_in(who, path, "GET")} for path in ONCE_CLOSED}
    assert found == {path: set(allowed.split()) for path, allowed in ONCE_CLOSED.items()}
