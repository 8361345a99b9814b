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


def test_answers_reported_as_harmful_are_shown_to_managers_by_system(browser, admin, alice, study, compared):
    client = browser(alice)
    rating = first(client, study)
    client.post(page(study), {"rating": rating, "choice": "left", "harmful": "right", "comment": "tells how to cheat"})
    (reported,) = browser(admin).get(f"/studies/{study.uuid}/").context["harmful"]
    right = Vote.objects.get().presentation.right
    assert (reported["text"], reported["system"]) == (right.text, right.system.system.model.name)
    assert (reported["comment"], reported["rater"]) == ("tells how to cheat", "alice")


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
    assert 'href="/rate/"' in client.get("/rate/").content.decode()


@pytest.fixture
def fields(evalset, compared):
    return {
        "name": "Autumn",
        "evalset": evalset.pk,
        "models": [one.pk for one in compared],
        "design": "both",
        "raters_per_unit": 2,
        "check_rate": 20,
        "qualify": 2,
        "adaptive": "on",
    }


def sent(page):
    """What the page's forms of dimensions would send as they are."""
    found = {"dimensions-TOTAL_FORMS": len(page), "dimensions-INITIAL_FORMS": page.initial_form_count()}
    for form in page:
        found |= {form.add_prefix(name): form[name].value() or "" for name in form.fields if name != "DELETE"}
    return found


def test_an_admin_starts_a_study_on_the_page(browser, admin, fields):
    answer = browser(admin).post("/studies/new/?rubric=code", fields)
    assert answer.status_code == 302, answer.content.decode()
    study = Study.objects.get()
    assert [one["key"] for one in study.dimensions][1] == "correctness"
    assert (study.config["check_rate"], study.config["qualify"], study.config["adaptive"]) == (0.2, 2, True)


def test_dimensions_are_left_out_renamed_and_added_on_the_page(browser, admin, fields):
    client = browser(admin)
    own = sent(client.get("/studies/new/?rubric=general").context["dimensions"])
    own |= {"dimensions-1-DELETE": "on", "dimensions-0-name_zh": "切题", "dimensions-5-name_zh": "语气"}
    own |= {"dimensions-5-name_en": "Tone"}
    own |= {f"dimensions-5-{code}_{point}": f"{code} {point}" for code in ("en", "zh") for point in range(1, 6)}
    answer = client.post("/studies/new/?rubric=general", fields | own)
    assert answer.status_code == 302, answer.content.decode()
    kept = {one["key"]: one for one in Study.objects.get().dimensions}
    assert list(kept) == ["relevance", "fluency", "helpfulness", "safety", "tone"]
    assert kept["relevance"]["name"]["zh"] == "切题"
    assert kept["tone"]["anchors"]["zh"][4] == "zh 5"


def test_a_dimension_with_a_gap_is_refused_at_the_gap(browser, admin, fields):
    client = browser(admin)
    own = sent(client.get("/studies/new/").context["dimensions"]) | {"dimensions-0-zh_3": ""}
    answer = client.post("/studies/new/", fields | own)
    assert answer.status_code == 400
    assert list(answer.context["dimensions"][0].errors) == ["zh_3"]


def test_the_form_names_the_fault(browser, admin, fields):
    answer = browser(admin).post("/studies/new/", fields | {"name": SECRETS[0]})
    assert answer.status_code == 400
    assert SECRETS[0] in answer.content.decode()


def test_members_are_added_on_the_page(browser, admin, carol, study):
    browser(admin).post(f"/studies/{study.uuid}/act/", {"action": "member", "usernames": "carol", "role": "rater"})
    assert study.members.filter(user=carol).exists()
