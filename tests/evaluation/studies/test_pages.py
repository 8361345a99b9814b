import pytest
from django.test import Client

from evaluation.models.studies import Study, Vote
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import refresh
from tests.evaluation.studies.conftest import SECRETS

FETCH = {"HTTP_X_REQUESTED_WITH": "fetch"}


@pytest.fixture
def browser():
    def logged_in(user):
        client = Client()
        client.force_login(user)
        return client

    return logged_in


def page(study):
    return f"/rate/{study.uuid}/"


def first(client, study):
    return client.get(page(study)).context["rating"]


def test_the_page_shows_both_answers_and_no_system(browser, alice, study):
    text = browser(alice).get(page(study)).content.decode()
    assert 'id="answer-left"' in text
    assert 'id="answer-right"' in text
    assert not any(secret in text for secret in SECRETS)


def test_a_vote_works_without_script(browser, alice, study):
    client = browser(alice)
    answer = client.post(page(study), {"rating": first(client, study), "choice": "right", "lead_time": "3.5"})
    assert answer.status_code == 302
    assert (Vote.objects.get().choice, Vote.objects.get().lead_time) == ("right", 3.5)


def test_a_vote_is_taken_back_without_script(browser, alice, study):
    client = browser(alice)
    rating = first(client, study)
    client.post(page(study), {"rating": rating, "choice": "right"})
    client.post(page(study), {"rating": rating, "action": "undo"})
    assert not Vote.objects.exists()
    assert client.get(page(study)).context["kept"]["choice"] == "right"


def test_after_a_reload_the_last_vote_may_still_be_taken_back_and_no_earlier_one(browser, alice, study):
    client = browser(alice)
    votes = []
    for choice in ("right", "tie"):
        votes.append(first(client, study))
        client.post(page(study), {"rating": votes[-1], "choice": choice})
    assert client.get(page(study)).context["last"] == votes[1]
    client.post(page(study), {"rating": votes[1], "action": "undo"})
    assert client.get(page(study)).context["last"] == ""


def test_the_script_gets_the_comparison_after_the_next(browser, alice, study):
    client = browser(alice)
    rating = first(client, study)
    ahead = client.post(page(study), {"action": "ahead"}, **FETCH).json()
    answer = client.post(page(study), {"rating": rating, "choice": "left"}, **FETCH).json()
    assert "comparison" in ahead["next"]
    assert answer["current"] is None
    assert answer["next"] != ahead["next"]
    assert answer["mine"]["done"] == 1


def test_the_script_is_told_when_nothing_is_left(browser, alice, study):
    client = browser(alice)
    for _ in range(4):
        answer = client.post(page(study), {"rating": first(client, study), "choice": "tie"}, **FETCH).json()
    assert answer["empty"]
    assert "nothing-left" in client.get(page(study)).content.decode()


def test_a_faulty_vote_is_refused_in_words(browser, alice, study):
    client = browser(alice)
    answer = client.post(page(study), {"rating": first(client, study), "choice": "best"}, **FETCH)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "choice"


def test_scores_come_as_form_fields(browser, make_study, alice):
    study = make_study(raters=[alice], design="both", dimensions=["accuracy", "fluency"])
    client = browser(alice)
    scores = {"left-accuracy": 5, "left-fluency": 4, "right-accuracy": 2, "right-fluency": 1}
    client.post(page(study), {"rating": first(client, study), "choice": "left", **scores})
    assert Vote.objects.get().scores == {
        "left": {"accuracy": 5, "fluency": 4},
        "right": {"accuracy": 2, "fluency": 1},
    }


def test_studies_to_rate_are_listed(browser, alice, study):
    assert study.name in browser(alice).get("/rate/").content.decode()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_study_page_shows_the_ranking(browser, admin, alice, bob, study, language):
    for user in (alice, bob):
        client = browser(user)
        for choice in ("left", "right", "tie", "both_bad"):
            client.post(page(study), {"rating": first(client, study), "choice": choice})
    refresh(study=Study.objects.get())
    text = browser(admin).get(f"/studies/{study.uuid}/", headers={"Accept-Language": language}).content.decode()
    assert all(secret in text for secret in SECRETS)
    assert "Krippendorff" in text


def test_the_study_page_is_readable_before_any_vote(browser, admin, study):
    assert browser(admin).get(f"/studies/{study.uuid}/").status_code == 200
    assert browser(admin).get("/studies/").status_code == 200


def test_a_rater_reads_the_study_page_only_after_closing(browser, admin, alice, study):
    client = browser(alice)
    client.post(page(study), {"rating": first(client, study), "choice": "left"})
    assert client.get(f"/studies/{study.uuid}/").status_code == 403
    browser(admin).post(f"/studies/{study.uuid}/act/", {"action": "close"})
    make_report(study=Study.objects.get())
    text = client.get(f"/studies/{study.uuid}/").content.decode()
    assert "Ranking" in text
    assert "bob" not in text
    assert f"/studies/{study.uuid}/" in client.get("/rate/").content.decode()


def test_an_admin_starts_a_study_on_the_page(browser, admin, evalset, compared):
    fields = {"name": "Autumn", "evalset": evalset.pk, "models": [one.pk for one in compared], "design": "both"}
    answer = browser(admin).post("/studies/new/", fields | {"rubric": "code", "raters_per_unit": 2})
    assert answer.status_code == 302, answer.content.decode()
    assert [one["key"] for one in Study.objects.get().dimensions][1] == "correctness"


def test_the_form_names_the_fault(browser, admin, evalset, compared):
    fields = {"name": SECRETS[0], "evalset": evalset.pk, "models": [one.pk for one in compared], "design": "both"}
    answer = browser(admin).post("/studies/new/", fields | {"rubric": "code", "raters_per_unit": 2})
    assert answer.status_code == 400
    assert SECRETS[0] in answer.content.decode()


def test_members_are_added_on_the_page(browser, admin, carol, study):
    browser(admin).post(f"/studies/{study.uuid}/act/", {"action": "member", "usernames": "carol", "role": "rater"})
    assert study.members.filter(user=carol).exists()
