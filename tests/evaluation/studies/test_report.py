"""The frozen report, the files that leave a study, and who may have them."""

import csv
import io
import json

import pytest
from django.db import DatabaseError, transaction

from evaluation.models.studies import Study, StudyResult
from evaluation.selectors.studies import ranking_rows
from evaluation.services.studies import rating as services
from evaluation.services.studies.members import add_member, exclude_rater, saw_study
from evaluation.services.studies.report import digest, make_report
from evaluation.services.studies.results import close_study, refresh
from evaluation.study_exports import Compared, preferences, votes_csv
from sftlab.errors import Conflict
from sftlab.stats.ranking import rank
from sftlab.stats.tables import read_votes

PAIR = {
    "prompt": [{"role": "user", "content": "Why?"}],
    "texts": ("one", "other"),
    "models": ("a", "b"),
    "language": "en",
    "category": "x",
    "scripted": 0,
}


def rate_all(user, study, choice):
    while (rating := services.claim(user=user, study=study)) is not None:
        wanted = {True: {"first": "right", "second": "left"}, False: {"first": "left", "second": "right"}}
        said = wanted[rating.slot.swapped].get(choice, choice)
        services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body={"choice": said, "comment": "=1+1"})


@pytest.fixture
def closed(study, admin, alice, bob):
    rate_all(alice, study, "first")
    rate_all(bob, study, "second")
    exclude_rater(actor=admin, study=study, member=study.members.get(user=bob), reason="pressed one key")
    close_study(actor=admin, study=study)
    return Study.objects.get(pk=study.pk)


def test_the_report_holds_what_led_to_the_numbers(closed, compared):
    data = make_report(study=closed).data
    assert data["votes"] == 4
    assert data["report"]["study"]["seed"] == 7
    assert data["report"]["study"]["sample"]["sampled"] == 4
    assert [one["name"] for one in data["report"]["study"]["systems"]] == [one.name for one in compared]


def test_who_was_excluded_is_in_the_report_with_the_numbers_before(closed):
    report = make_report(study=closed).data["report"]
    assert [one["excluded_reason"] for one in report["members"] if one["excluded_at"]] == ["pressed one key"]
    assert report["before_exclusions"]["votes"] == 8


def test_an_exclusion_says_who_decided_it_after_how_many_votes_and_whether_they_knew_the_result(
    study, admin, alice, bob, carol
):
    rate_all(alice, study, "first")
    add_member(actor=admin, study=study, username="carol", role="manager")
    exclude_rater(actor=carol, study=study, member=study.members.get(user=bob), reason="left")
    saw_study(user=carol, study=study)
    exclude_rater(actor=carol, study=study, member=study.members.get(user=alice), reason="in haste")
    close_study(actor=admin, study=study)
    found = make_report(study=Study.objects.get()).data["report"]["exclusions"]
    by_reason = {one["reason"]: (one["by"], one["votes_then"], one["results_seen"]) for one in found.values()}
    assert by_reason == {"left": ("carol", 4, False), "in haste": ("carol", 4, True)}


def test_raters_are_not_named_in_the_report(closed):
    text = json.dumps(make_report(study=closed).data)
    assert "alice" not in text
    assert "bob" not in text


def test_the_report_is_made_once_and_its_digest_holds(closed):
    result = make_report(study=closed)
    assert make_report(study=closed).pk == result.pk
    assert digest(StudyResult.objects.get(pk=result.pk).data) == result.sha256


@pytest.mark.parametrize("write", [lambda r: r.delete(), lambda r: StudyResult.objects.update(votes=1)])
def test_the_database_refuses_to_change_a_report(closed, write):
    result = make_report(study=closed)
    with pytest.raises(DatabaseError), transaction.atomic():
        write(result)


def test_nobody_is_excluded_once_the_report_is_frozen(closed, admin, alice):
    with pytest.raises(Conflict):
        exclude_rater(actor=admin, study=closed, member=closed.members.get(user=alice), reason="late")


@pytest.mark.parametrize(("kind", "holds"), [("json", "sha256"), ("html", "pressed one key"), ("csv", "rater")])
@pytest.mark.parametrize("reader", ["admin", "alice"])
def test_the_report_is_read_in_three_forms(api, closed, admin, alice, kind, holds, reader):
    make_report(study=closed)
    client = api({"admin": admin, "alice": alice}[reader])
    answer = client.get(f"/api/v1/studies/{closed.uuid}/report/?format={kind}")
    assert answer.status_code == 200
    assert holds in answer.content.decode()


def test_there_is_no_report_of_an_open_study(api, admin, alice, study):
    assert api(admin).get(f"/api/v1/studies/{study.uuid}/report/").status_code == 404
    assert api(alice).get(f"/api/v1/studies/{study.uuid}/report/").status_code == 403


def test_the_votes_file_is_what_the_rank_command_reads(api, admin, closed, compared, tmp_path):
    make_report(study=closed)
    text = api(admin).get(f"/api/v1/studies/{closed.uuid}/report/?format=csv").content.decode()
    file = tmp_path / "votes.csv"
    file.write_text(text)
    assert {one.name for one in rank(read_votes(file)).systems} == {one.name for one in compared}
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["excluded"] for row in rows].count("yes") == 4
    assert {row["comment"] for row in rows} == {"'=1+1"}


def test_preference_pairs_are_for_those_who_run_the_study(api, admin, alice, closed, compared):
    path = f"/api/v1/studies/{closed.uuid}/preferences/"
    pairs = [json.loads(line) for line in api(admin).get(path).content.decode().splitlines()]
    assert len(pairs) == 4
    assert {pair["chosen_model"] for pair in pairs} == {compared[0].name}
    assert {pair["agreement"] for pair in pairs} == {1.0}
    assert api(alice).get(path).status_code == 403


@pytest.mark.parametrize(
    ("choices", "chosen", "agreement"),
    [(["first", "first", "second"], "one", 2 / 3), (["second", "tie"], "other", 0.5)],
)
def test_the_majority_decides_a_pair(choices, chosen, agreement):
    (pair,) = preferences([Compared(**PAIR, choices=choices)])
    assert (pair["chosen"], pair["agreement"]) == (chosen, agreement)


@pytest.mark.parametrize("choices", [["first", "second"], ["tie", "tie"], ["both_bad"]])
def test_an_undecided_comparison_is_no_preference(choices):
    assert list(preferences([Compared(**PAIR, choices=choices)])) == []


def test_an_empty_study_has_a_votes_file_with_a_header():
    assert votes_csv([]).startswith("unit,item,")


def test_standing_is_changed_over_rest(api, admin, study, alice):
    member = study.members.get(user=alice)
    path = f"/api/v1/studies/{study.uuid}/members/{member.uuid}/"
    assert api(admin).post(path, {"move": "pause", "reason": "away"}).json()["standing"] == "paused"
    assert api(admin).post(path, {"move": "pause", "reason": "away"}).status_code == 409
    assert api(alice).post(path, {"move": "resume", "reason": "please"}).status_code == 403


def test_questions_are_added_over_rest(api, admin, study):
    path = f"/api/v1/studies/{study.uuid}/checks/"
    assert api(admin).post(path, [{"item": "en-1", "good": "Paris", "bad": "Rome"}]).json() == {"added": 1}
    assert api(admin).post(path, [{"item": "nowhere", "good": "Paris", "bad": "Rome"}]).status_code == 400


def test_a_leaderboard_gets_the_frozen_numbers_and_nothing_before(study, admin, alice, compared):
    rate_all(alice, study, "first")
    refresh(study=study)
    assert ranking_rows(study)["systems"] == []
    close_study(actor=admin, study=study)
    closed = Study.objects.get(pk=study.pk)
    make_report(study=closed)
    rows = ranking_rows(closed)
    assert rows["final"]
    assert {one["model"] for one in rows["systems"]} == {str(model.uuid) for model in compared}
    assert ranking_rows(closed, language="zh", category="fact")["votes"] == 1
    assert ranking_rows(closed, language="fr")["systems"] == []
