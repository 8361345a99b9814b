"""A rater walks through every response there is; a leak planted anywhere is found."""

import pytest
from django.http import HttpResponse
from django.test import Client

from evaluation.api import ratings as rating_api
from evaluation.selectors import studies as selectors
from evaluation.services.studies import rating as services
from evaluation.services.studies.members import add_member
from evaluation.ui import rating as rating_page
from sftlab.api import Pagination
from sftlab.errors import NotPermitted
from tests.evaluation.studies.conftest import SECRETS
from tests.evaluation.studies.walk import walk

SECRET = SECRETS[0]


@pytest.fixture
def look_around(make_study, alice, admin):
    def look(paths=("/api/v1/studies/?page_size=1",)):
        study = make_study(raters=[alice], config={"check_rate": 0.5})
        second = make_study(name="Spring")
        add_member(actor=admin, study=second, username="alice", role="rater")
        client = Client(raise_request_exception=False)
        client.force_login(alice)
        return walk(client, study, alice, paths=paths)

    return look


def test_nothing_a_rater_can_get_tells_systems_apart(look_around):
    assert look_around(None) == []


def test_a_leak_in_a_response_body_is_found(look_around, monkeypatch):
    shown = selectors.shown
    monkeypatch.setattr(selectors, "shown", lambda rating: {**shown(rating), "by": SECRET})
    assert {leak.where for leak in look_around()} == {"body"}


def test_a_leak_in_a_header_is_found(look_around, monkeypatch):
    finalize = rating_api.Unstored.finalize_response

    def telling(self, *args, **kwargs):
        response = finalize(self, *args, **kwargs)
        response["X-Generated-By"] = SECRET
        return response

    monkeypatch.setattr(rating_api.Unstored, "finalize_response", telling)
    assert {leak.where for leak in look_around()} == {"header X-Generated-By"}


def test_a_leak_in_an_image_name_is_found(look_around, monkeypatch):
    render = rating_page.render

    def telling(*args, **kwargs):
        response = render(*args, **kwargs)
        return HttpResponse(response.content + f'<img src="/static/{SECRET}.png" alt="">'.encode())

    monkeypatch.setattr(rating_page, "render", telling)
    assert look_around()


def test_a_leak_in_an_error_page_is_found(look_around, monkeypatch):
    def telling(*, user, study):
        raise NotPermitted(f"{SECRET} is not for you")

    monkeypatch.setattr(services, "skip", lambda **_: telling(user=None, study=None))
    assert {leak.where for leak in look_around()} == {"body"}


def test_a_leak_in_a_next_link_is_found(look_around, monkeypatch):
    link = Pagination.get_next_link

    def telling(self):
        found = link(self)
        return found and f"{found}&system={SECRET}"

    monkeypatch.setattr(Pagination, "get_next_link", telling)
    assert any("studies" in leak.request for leak in look_around())
