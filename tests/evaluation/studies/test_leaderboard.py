"""A closed study's report moves exactly the leaderboard that rests on it; an open study's votes move none."""

import csv
import io

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from evaluation.lineage.people import alias
from evaluation.models import Delivery
from evaluation.services.leaderboards import build_snapshot, create_leaderboard
from evaluation.services.studies import rating as services
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import close_study, refresh
from evaluation.services.webhooks import add_webhook

URL = "/api/v1/leaderboards/"


def vote(user, study, choice):
    rating = services.claim(user=user, study=study)
    services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body={"choice": choice})


@pytest.fixture
def boards(admin, study, alice, bob):
    """One with the study's votes, one with metrics only, on the same set and outputs."""
    for rater in (alice, bob):
        vote(rater, study, "left")
        vote(rater, study, "right")
    made = {}
    for name, rated in (("rated", study.uuid), ("plain", None)):
        board = create_leaderboard(actor=admin, name=name, evalset=study.evalset.uuid, study=rated, visibility="public")
        build_snapshot(leaderboard=board)
        add_webhook(actor=admin, leaderboard=board, url="https://example.org/hook")
        made[name] = board
    return made


@pytest.fixture
def closed(admin, study, boards):
    ProcrastinateJob.objects.filter(task_name="evaluation.build_snapshot").delete()
    close_study(actor=admin, study=study)
    study.refresh_from_db()
    make_report(study=study)


def test_votes_of_an_open_study_move_nothing(boards, study, alice):
    vote(alice, study, "tie")
    refresh(study=study)
    assert build_snapshot(leaderboard=boards["rated"]) is None


def test_rows_carry_ranks_and_votes_once_it_is_closed(api, boards, closed):
    build_snapshot(leaderboard=boards["rated"])
    data = api().get(f"{URL}rated/").json()
    assert data["order"] == "rank"
    assert {row["votes"] for row in data["rows"]} == {4}
    assert data["study"]["agreement"]["choice"]["krippendorff_alpha"] is not None
    assert api().get(f"{URL}plain/").json()["study"] is None


def test_the_report_moves_the_board_that_rests_on_it_and_no_other(api, boards, study):
    etags = {name: api().get(f"{URL}{name}/")["ETag"] for name in boards}
    ProcrastinateJob.objects.filter(task_name="evaluation.build_snapshot").delete()
    close_study(actor=study.created_by, study=study)
    study.refresh_from_db()
    make_report(study=study)
    (job,) = ProcrastinateJob.objects.filter(task_name="evaluation.build_snapshot")
    assert job.args == {"leaderboard": str(boards["rated"].uuid)}
    assert build_snapshot(leaderboard=boards["rated"]).number == 2
    assert build_snapshot(leaderboard=boards["plain"]) is None
    for name, status in (("rated", 200), ("plain", 304)):
        assert api().get(f"{URL}{name}/", headers={"If-None-Match": etags[name]}).status_code == status
    (delivery,) = Delivery.objects.all()
    assert delivery.webhook.leaderboard == boards["rated"]
    (model, *_rest) = api().get(f"{URL}rated/history/").data
    assert [point["votes"] for point in model["points"]] == [0, 4]
    assert [one["what"] for one in api().get(f"{URL}rated/diff/?from=1").data["inputs"]] == ["study"]


def test_csv_has_the_means_of_the_raters_scores(api, admin, make_study, alice):
    study = make_study(raters=[alice], design="likert", raters_per_unit=1, dimensions=["accuracy"])
    while (rating := services.claim(user=alice, study=study)) is not None:
        body = {"scores": {"accuracy": 4}}
        services.submit(user=alice, uuid=rating.uuid, key=str(rating.uuid), body=body)
    close_study(actor=admin, study=study)
    study.refresh_from_db()
    make_report(study=study)
    board = create_leaderboard(
        actor=admin, name="scored", evalset=study.evalset.uuid, study=study.uuid, visibility="public"
    )
    build_snapshot(leaderboard=board)
    (first, _second) = csv.DictReader(io.StringIO(api().get(f"{URL}scored/?format=csv").content.decode()))
    assert (float(first["accuracy"]), first["accuracy_n"]) == (4, "4")


def test_the_page_shows_agreement(client, boards, closed):
    build_snapshot(leaderboard=boards["rated"])
    page = client.get("/leaderboards/rated/").content.decode()
    assert "Blind ratings" in page
    assert "Agreement" in page


class TestLineage:
    """Of the ranks and strengths: down to votes and raters, and no further than the reader may."""

    def get(self, client, kind, key):
        return client.get(f"/api/v1/lineage/{kind}/{key}/")

    def above(self, client, kind, key, wanted):
        groups = self.get(client, kind, key).data["up"]
        return next(group for group in groups if group["kind"] == wanted)

    @pytest.fixture
    def standing(self, api, boards, closed):
        build_snapshot(leaderboard=boards["rated"])
        return api().get(f"{URL}rated/").json()["rows"][0]["standing"]

    def test_a_strength_leads_to_the_votes_that_made_it(self, api, admin, boards, standing):
        facts = self.get(api(), "standing", standing).data["node"]["facts"]
        assert facts["votes"] == 4
        assert facts["wins"] + facts["losses"] + facts.get("ties", 0) == 4
        votes = self.above(api(admin), "standing", standing, "vote")
        assert (votes["count"], len(votes["nodes"])) == (4, 4)

    def test_which_votes_were_about_a_system_is_not_told_to_readers(self, api, standing):
        votes = self.above(api(), "standing", standing, "vote")
        assert (votes["count"], votes["nodes"]) == (4, [])

    def test_votes_lead_to_raters_by_alias_and_for_admins_by_name(self, api, admin, study, alice, bob, standing):
        vote = self.above(api(), "study", study.uuid, "vote")["nodes"][0]["id"]
        (rater,) = self.above(api(), "vote", vote, "person")["nodes"]
        assert rater["id"] in {alias(alice), alias(bob)}
        assert "alice" not in rater["label"]
        assert self.get(api(), "person", rater["id"]).status_code == 200
        assert self.above(api(admin), "vote", vote, "person")["nodes"][0]["label"] in {"alice", "bob"}

    def test_an_id_does_not_lead_readers_to_an_alias(self, api, bob, alice, standing):
        assert self.get(api(bob), "person", alice.uuid).status_code == 404

    def test_votes_lead_readers_to_no_output(self, api, study, standing):
        vote = self.above(api(), "study", study.uuid, "vote")["nodes"][0]["id"]
        assert self.above(api(), "vote", vote, "output")["nodes"] == []

    def test_single_votes_of_an_open_study_are_shown_to_nobody_else(self, api, boards, study):
        assert self.above(api(), "study", study.uuid, "vote")["nodes"] == []
        assert self.get(api(), "vote", study.votes.first().uuid).status_code == 404


def test_a_gate_on_strength_takes_the_difference_from_the_report(api, boards, closed, compared, bob):
    build_snapshot(leaderboard=boards["rated"])
    first, second = (str(model.uuid) for model in compared)

    def evidence(model, baseline):
        body = {"model": model, "baseline": baseline, "rules": [{"metric": "strength"}]}
        return api(bob).post(f"{URL}rated/gate/", body).data["rules"][0]["evidence"]

    found, reversed_ = evidence(first, second), evidence(second, first)
    rows = {row["model"]["id"]: row["strength"] for row in api().get(f"{URL}rated/").json()["rows"]}
    assert found["value"] == pytest.approx(rows[first]["value"] - rows[second]["value"])
    assert (found["low"], found["high"]) == pytest.approx((-reversed_["high"], -reversed_["low"]))
    half = rows[first]["high"] - rows[first]["value"]
    assert found["high"] - found["value"] == pytest.approx(2 * half)  # of two, one is the other's negative
