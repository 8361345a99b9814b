"""Hidden gold, what it says about a person, and what follows."""

import pytest

from annotation.models import Assignment, Membership, Response
from annotation.services import importing, standing, work
from sftlab.audit.models import Event
from sftlab.errors import NotPermitted
from tests.factories import annotation as make

GOLD = {"scorer": "phrases", "required": ["right"]}


def rows(count, **extra):
    return [{"instruction": f"{extra.get('gold', {}).get('training', '')} Question {n}", **extra} for n in range(count)]


@pytest.fixture
def project(admin, alice, bob):
    """Every item is hidden gold for as long as there is some."""
    made = make.project(admin, people=[alice, bob], gold_rate=1.0, bar=0.7, bar_window=10, review_rate=1.0)
    importing.import_rows(actor=admin, project=made, raw=rows(12, gold=GOLD))
    for number in range(6):
        make.item(made, 100 + number)
    return made


def answer(project, person, output):
    claimed = work.claim(user=person, project=project.uuid)
    body = {"output": output}
    return work.submit(user=person, assignment=claimed.assignment.uuid, body=body).response


def test_gold_is_scored_and_not_reviewed(project, alice):
    made = answer(project, alice, "right")
    assert (made.state, made.passed, made.score) == ("scored", True, 1.0)


def test_everybody_meets_the_same_gold_once(project, alice, bob):
    for person in (alice, bob):
        for _ in range(12):
            answer(project, person, "right")
    assert set(Response.objects.values_list("item", flat=True).distinct()) == set(
        project.items.filter(lane="gold").values_list("id", flat=True)
    )


def test_somebody_clearly_below_the_bar_is_paused(project, alice):
    answer(project, alice, "wrong")
    answer(project, alice, "wrong")
    assert Membership.objects.get(user=alice).paused_at is None
    answer(project, alice, "wrong")
    with pytest.raises(NotPermitted) as refusal:
        work.claim(user=alice, project=project.uuid)
    assert refusal.value.code == "paused"
    assert "0 were right" in str(refusal.value.message)


def test_a_pause_frees_what_is_held_and_keeps_the_drafts(project, alice):
    ahead = work.claim(user=alice, project=project.uuid, ahead=True)
    work.save_draft(user=alice, assignment=ahead.assignment.uuid, draft={"output": "half"})
    for _ in range(2):
        answer(project, alice, "wrong")
    current = work.claim(user=alice, project=project.uuid)
    work.submit(user=alice, assignment=current.assignment.uuid, body={"output": "wrong"})
    kept = Assignment.objects.filter(person=alice, state="released")
    assert not Assignment.objects.filter(person=alice, state="live").exists()
    assert all(assignment.slot.state == "free" for assignment in kept)


def test_work_since_the_last_good_gold_is_put_back(admin, alice, bob):
    project = make.project(admin, people=[alice, bob], bar=0.7, put_back_on_pause=True, review_rate=0.0)
    importing.import_rows(actor=admin, project=project, raw=rows(8, gold=GOLD))
    for number in range(4):
        make.item(project, 100 + number)
    project.gold_rate = 1.0
    project.save()
    good = answer(project, alice, "right")
    project.gold_rate = 0.0
    project.save()
    after = answer(project, alice, "Sloppy work")
    project.gold_rate = 1.0
    project.save()
    while not Membership.objects.get(user=alice).paused_at:
        answer(project, alice, "wrong")
    after.refresh_from_db()
    assert after.state == "set_aside"
    assert after.assignment.slot.state == "free"
    assert good.passed


def test_a_manager_lifts_a_pause_with_a_clean_window(project, admin, alice):
    for _ in range(3):
        answer(project, alice, "wrong")
    standing.lift_pause(actor=admin, member=Membership.objects.get(user=alice))
    assert work.claim(user=alice, project=project.uuid) is not None
    assert Membership.objects.get(user=alice).recent == []


def test_the_window_rolls(project, alice):
    Membership.objects.filter(user=alice).update(recent=[True] * 10)
    answer(project, alice, "wrong")
    assert Membership.objects.get(user=alice).recent == [True] * 9 + [False]


def test_a_paused_person_can_not_submit_and_keeps_the_text(project, admin, alice):
    claimed = work.claim(user=alice, project=project.uuid)
    member = Membership.objects.get(user=alice)
    standing.pause_by_hand(actor=admin, member=member, reason="Talk to me")
    with pytest.raises(NotPermitted):
        work.submit(user=alice, assignment=claimed.assignment.uuid, body={"output": "late"})
    assert Assignment.objects.get(pk=claimed.assignment.pk).draft == {"output": "late"}


def test_a_doubtful_person_is_reviewed_twice_as_often(project):
    doubtful = standing.Standing(1, [True, False, True, True])
    project.review_rate = 0.3
    assert standing.review_rate(project, doubtful) == pytest.approx(0.6)
    assert standing.review_rate(project, standing.Standing(1, [True] * 40)) == pytest.approx(0.3)


class TestQualification:
    @pytest.fixture
    def training(self, admin, alice):
        made = make.project(admin, people=[alice], training_items=3, pass_mark=0.6, training_tries=2)
        importing.import_rows(actor=admin, project=made, raw=rows(3, gold={**GOLD, "training": True}, feedback="Why"))
        make.item(made, 100)
        return made

    def try_once(self, project, person, outputs):
        for output in outputs:
            answer(project, person, output)

    def test_the_answer_comes_with_feedback(self, api, training, alice):
        client = api(alice)
        assignment = client.post(f"/api/v1/projects/{training.uuid}/claim/").json()["assignment"]
        answer = client.post(f"/api/v1/assignments/{assignment}/submit/", {"output": "no"})
        assert answer.json()["feedback"] == {"passed": False, "score": 0.0, "missed": ["right"], "text": "Why"}

    def test_who_passes_gets_real_work(self, training, alice):
        self.try_once(training, alice, ["right", "right", "wrong"])
        assert work.claim(user=alice, project=training.uuid).item.lane == "work"

    def test_who_fails_may_try_again_up_to_the_limit(self, training, alice):
        self.try_once(training, alice, ["wrong"] * 3)
        assert work.claim(user=alice, project=training.uuid).item.lane == "training"
        self.try_once(training, alice, ["wrong"] * 3)
        with pytest.raises(NotPermitted) as refusal:
            work.claim(user=alice, project=training.uuid)
        assert refusal.value.code == "not_qualified"

    def test_each_try_is_in_the_log(self, training, alice):
        self.try_once(training, alice, ["wrong"] * 3)
        self.try_once(training, alice, ["right"] * 3)
        assert set(Event.objects.filter(verb__startswith="member").values_list("verb", flat=True)) == {
            "member.try", "member.qualify"
        }  # fmt: skip
