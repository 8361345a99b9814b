"""A closed study's report moves exactly the leaderboard that rests on it; an open study's votes move none."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

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


def test_the_page_shows_agreement(client, boards, closed):
    build_snapshot(leaderboard=boards["rated"])
    page = client.get("/leaderboards/rated/").content.decode()
    assert "Blind ratings" in page
    assert "Agreement" in page


def test_lineage_leads_to_votes_and_counts_them_for_readers(api, admin, boards, closed):
    snapshot = build_snapshot(leaderboard=boards["rated"])
    above = api(admin).get(f"/api/v1/lineage/snapshot/{snapshot.uuid}/").data["up"]
    (study,) = next(group for group in above if group["kind"] == "study")["nodes"]
    below = api().get(f"/api/v1/lineage/study/{study['id']}/").data["up"]
    votes = next(group for group in below if group["kind"] == "vote")
    assert (votes["count"], votes["nodes"]) == (4, [])
