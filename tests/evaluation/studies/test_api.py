import json

import pytest

from evaluation.models.studies import Study, Vote
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import refresh


def claim(client, study):
    return client.post(f"/api/v1/studies/{study.uuid}/claim/")


def rate(client, study, choice="left"):
    shown = claim(client, study).json()
    return client.post(f"/api/v1/ratings/{shown['rating']}/submit/", {"choice": choice}, HTTP_IDEMPOTENCY_KEY="k")


def test_an_admin_starts_a_study(api, admin, evalset, compared):
    body = {"evalset": str(evalset.uuid), "models": [str(one.uuid) for one in compared], "design": "both", "sample": 3}
    answer = api(admin).post("/api/v1/studies/", body)
    assert answer.status_code == 201, answer.json()
    assert answer.json()["progress"]["asked"] == 9
    assert answer.json()["config"]["sample"] == 3


def test_a_rater_starts_none(api, alice, evalset, compared):
    body = {"evalset": str(evalset.uuid), "models": [str(one.uuid) for one in compared], "design": "both"}
    assert api(alice).post("/api/v1/studies/", body).status_code == 403


def test_members_are_added(api, admin, study, carol):
    answer = api(admin).post(f"/api/v1/studies/{study.uuid}/members/", {"username": "carol", "role": "rater"})
    assert answer.status_code == 201
    assert answer.json()["standing"] == "active"


def test_a_claim_shows_the_texts_and_nothing_else(api, alice, study):
    answer = claim(api(alice), study)
    assert list(answer.json()) == ["rating", "prompt", "left", "right", "draft"]
    assert answer["Cache-Control"] == "no-store"
    assert not answer.has_header("ETag")


def test_a_vote_repeated_answers_the_same(api, alice, study):
    client = api(alice)
    shown = claim(client, study).json()
    answers = [
        client.post(f"/api/v1/ratings/{shown['rating']}/submit/", {"choice": "tie"}, HTTP_IDEMPOTENCY_KEY="k")
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


def test_when_all_is_rated_the_claim_is_empty(api, alice, study):
    for _ in range(4):
        assert rate(api(alice), study).status_code == 201
    assert claim(api(alice), study).status_code == 204


def test_draft_heartbeat_skip_and_undo(api, alice, study):
    client = api(alice)
    rating = claim(client, study).json()["rating"]
    assert client.put(f"/api/v1/ratings/{rating}/draft/", {"choice": "left"}).json() == {"live": True}
    assert client.post(f"/api/v1/ratings/{rating}/heartbeat/").status_code == 204
    client.post(f"/api/v1/ratings/{rating}/submit/", {"choice": "left"})
    again = client.post(f"/api/v1/ratings/{rating}/undo/").json()
    assert again["draft"]["choice"] == "left"
    assert client.post(f"/api/v1/ratings/{again['rating']}/skip/").status_code == 204


@pytest.mark.parametrize("path", ["", "claim/", "agreement/", "results/", "members/", "close/"])
def test_a_stranger_may_not_know_of_the_study(api, carol, study, path):
    client = api(carol)
    call = client.post if path in ("claim/", "close/") else client.get
    assert call(f"/api/v1/studies/{study.uuid}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["agreement/", "results/", "members/"])
def test_raters_see_no_results_while_the_study_is_open(api, alice, study, path):
    assert api(alice).get(f"/api/v1/studies/{study.uuid}/{path}").status_code == 403


def test_a_rater_closes_nothing(api, alice, study):
    assert api(alice).post(f"/api/v1/studies/{study.uuid}/close/").status_code == 403


def test_after_closing_raters_read_the_agreement(api, admin, alice, study):
    rate(api(alice), study)
    assert api(admin).post(f"/api/v1/studies/{study.uuid}/close/").json()["status"] == "closed"
    make_report(study=Study.objects.get())
    answer = api(alice).get(f"/api/v1/studies/{study.uuid}/agreement/").json()
    assert answer["final"]
    assert answer["agreement"]["choice"]["coefficients"]["krippendorff_alpha"]["value"] is None


def test_a_result_is_stored_once_for_the_same_votes(api, alice, study):
    rate(api(alice), study)
    assert refresh(study=study).votes == Vote.objects.count() == 1
    assert refresh(study=Study.objects.get()) is None


def said(verb, path, body):
    """As a client may send it, escapes and all."""
    return verb(f"/api/v1/{path}", json.dumps(body), content_type="application/json")


BAD_TEXTS = ["\x00", "\ud800"]


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_what_the_database_cannot_hold_is_a_fault_of_the_request(api, admin, alice, study, evalset, compared, text):
    client = api(alice)
    rating = claim(client, study).json()["rating"]
    new = {"evalset": str(evalset.uuid), "models": [str(one.uuid) for one in compared], "design": "likert"}
    dimension = {"key": "a", "name": {"en": text, "zh": "z"}, "anchors": {}}
    calls = [
        said(client.put, f"ratings/{rating}/draft/", {"comment": text}),
        said(client.post, f"ratings/{rating}/submit/", {"choice": "left", "comment": text}),
        said(client.post, f"ratings/{rating}/skip/", {"reason": text}),
        said(api(admin).post, f"studies/{study.uuid}/members/", {"username": text, "role": "rater"}),
        said(api(admin).post, "studies/", new | {"dimensions": [dimension]}),
        said(api(admin).post, f"studies/{study.uuid}/checks/", [{"item": text, "good": text, "bad": "b"}]),
    ]
    assert [answer.status_code for answer in calls] == [400] * len(calls)


@pytest.mark.parametrize("body", [[], "text", 7, None, {"ahead": "maybe"}])
def test_a_claim_with_a_strange_body_is_refused_or_ignored(api, alice, study, body):
    assert api(alice).post(f"/api/v1/studies/{study.uuid}/claim/", body).status_code in (200, 400)


@pytest.mark.parametrize("body", [[], "text", {"choice": []}, {"choice": {}}, {"choice": "left", "reasons": {"a": 1}}])
def test_a_vote_with_a_strange_body_is_refused(api, alice, study, body):
    client = api(alice)
    rating = claim(client, study).json()["rating"]
    assert client.post(f"/api/v1/ratings/{rating}/submit/", body).status_code == 400


def test_a_huge_draft_is_refused(api, alice, study):
    client = api(alice)
    rating = claim(client, study).json()["rating"]
    assert client.put(f"/api/v1/ratings/{rating}/draft/", {"comment": "x" * 200_000}).status_code == 413
