from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from annotation.models import Assignment, Slot
from sftlab.errors import Conflict, Missing
from sftlab.work import leases
from sftlab.work.leases import State
from tests.factories import annotation as make

HOUR = timedelta(hours=1)


def claim(pool, person, **options):
    options = {"lease": HOUR, "lanes": lambda serial: ["work"], **options}
    return leases.claim(Assignment, pool_id=pool.pk, person_id=person.pk, **options)


def submit(assignment, body="text", key="", save=lambda assignment: "saved"):
    return leases.submit(
        Assignment,
        uuid=assignment.uuid,
        person_id=assignment.person_id,
        key=key,
        body=body,
        save=save,
        replay=lambda assignment: "again",
    )


def let_expire(assignment):
    Assignment.objects.filter(pk=assignment.pk).update(expires_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def pool(admin):
    return make.project(admin, items=3)


def test_a_claim_holds_a_slot_and_starts_a_lease(pool, alice):
    held = claim(pool, alice)
    assert (held.state, held.serial, held.slot.state) == ("live", 1, "held")
    assert held.expires_at > timezone.now()


def test_claiming_again_resumes_the_same_lease(pool, alice):
    assert claim(pool, alice).pk == claim(pool, alice).pk


def test_one_assignment_ahead_besides_the_current_one(pool, alice):
    current = claim(pool, alice)
    ahead = claim(pool, alice, ahead=True)
    assert ahead.pk != current.pk
    assert claim(pool, alice, ahead=True).pk == ahead.pk


def test_the_one_ahead_becomes_current_after_the_submit(pool, alice):
    current, ahead = claim(pool, alice), claim(pool, alice, ahead=True)
    submit(current)
    following = claim(pool, alice)
    assert (following.pk, following.ahead) == (ahead.pk, False)


def test_two_people_get_different_slots(pool, alice, bob):
    assert claim(pool, alice).item_id != claim(pool, bob).item_id


def test_nobody_gets_an_item_twice(admin, alice):
    pool = make.project(admin, items=1, overlap=3)
    submit(claim(pool, alice))
    assert claim(pool, alice) is None


def test_a_skipped_item_does_not_come_back_to_the_same_person(admin, alice, bob):
    pool = make.project(admin, items=1)
    held = claim(pool, alice)
    leases.give_back(Assignment, uuid=held.uuid, person_id=alice.pk, state=State.SKIPPED, reason="unclear")
    assert claim(pool, alice) is None
    assert claim(pool, bob).slot_id == held.slot_id


def test_an_expired_slot_is_free_for_the_next_claim(admin, alice, bob):
    pool = make.project(admin, items=1)
    held = claim(pool, alice)
    let_expire(held)
    assert claim(pool, bob).slot_id == held.slot_id
    held.refresh_from_db()
    assert held.state == "expired"


def test_an_expired_lease_that_nobody_wanted_is_resumed(pool, alice):
    held = claim(pool, alice)
    let_expire(held)
    assert claim(pool, alice).pk == held.pk


def test_a_draft_comes_back_with_the_item_after_expiry(admin, alice, bob):
    pool = make.project(admin, items=1)
    held = claim(pool, alice)
    leases.save_draft(Assignment, uuid=held.uuid, person_id=alice.pk, draft={"output": "half"})
    let_expire(held)
    other = claim(pool, bob)
    leases.give_back(Assignment, uuid=other.uuid, person_id=bob.pk, state=State.RELEASED)
    assert claim(pool, alice).draft == {"output": "half"}


class TestOrder:
    def test_priority_comes_first(self, pool, alice):
        urgent = make.item(pool, 9, priority=5)
        assert claim(pool, alice).item_id == urgent.pk

    def test_then_what_is_closest_to_completion(self, admin, alice, bob):
        pool = make.project(admin, overlap=2)
        make.item(pool, 1)
        begun = make.item(pool, 2)
        Slot.objects.exclude(item=begun).update(state="closed")
        submit(claim(pool, alice))
        Slot.objects.exclude(item=begun).update(state="free")
        assert claim(pool, bob).item_id == begun.pk

    def test_then_the_seeded_order(self, pool, alice):
        first = Slot.objects.order_by("ord")[0]
        assert claim(pool, alice).slot_id == first.pk

    def test_what_is_assigned_to_me_comes_before_all(self, pool, alice):
        last = Slot.objects.order_by("-ord")[0]
        Slot.objects.filter(pk=last.pk).update(assigned_to=alice)
        assert claim(pool, alice).slot_id == last.pk

    def test_what_is_assigned_to_others_is_not_mine(self, admin, alice, bob):
        pool = make.project(admin, items=1)
        Slot.objects.update(assigned_to=bob)
        assert claim(pool, alice) is None

    def test_someone_who_works_alone_gets_past_what_they_have_done(self, admin, alice):
        pool = make.project(admin, items=40, overlap=2)
        for _ in range(40):
            submit(claim(pool, alice))
        assert claim(pool, alice) is None
        assert Assignment.objects.values("item").distinct().count() == 40


class TestSkills:
    def test_an_item_that_asks_for_a_skill_is_not_for_everyone(self, admin, alice):
        pool = make.project(admin)
        make.item(pool, 1, skill="medical")
        assert claim(pool, alice) is None
        assert claim(pool, alice, skills=["medical"]) is not None

    def test_the_best_of_all_granted_skills_is_given(self, admin, alice):
        pool = make.project(admin, items=2)
        wanted = make.item(pool, 7, skill="legal", priority=3)
        assert claim(pool, alice, skills=["medical", "legal"]).item_id == wanted.pk


class TestLanes:
    def test_lanes_are_tried_in_the_order_given_for_the_serial(self, admin, alice):
        pool = make.project(admin, items=2)
        gold = make.item(pool, 5, lane="gold")
        lanes = lambda serial: ["gold", "work"] if serial == 2 else ["work"]  # noqa: E731
        submit(claim(pool, alice, lanes=lanes))
        assert claim(pool, alice, lanes=lanes).item_id == gold.pk


class TestSubmit:
    def test_the_slot_is_done(self, pool, alice):
        held = claim(pool, alice)
        assert submit(held) == ("saved", True)
        assert Slot.objects.get(pk=held.slot_id).state == "done"

    def test_repeated_it_answers_again_and_saves_nothing(self, pool, alice):
        held = claim(pool, alice)
        submit(held, key="k")
        assert submit(held, key="k", save=pytest.fail) == ("again", False)

    def test_the_same_key_with_another_body_is_refused(self, pool, alice):
        held = claim(pool, alice)
        submit(held, key="k")
        with pytest.raises(Conflict) as refusal:
            submit(held, body="other", key="k")
        assert refusal.value.code == "key_reused"

    def test_a_second_answer_is_refused(self, pool, alice):
        held = claim(pool, alice)
        submit(held)
        with pytest.raises(Conflict):
            submit(held, body="other")

    def test_late_it_is_taken_while_the_slot_is_free(self, pool, alice, bob):
        held = claim(pool, alice)
        let_expire(held)
        claim(pool, bob)
        Assignment.objects.filter(person=bob).delete()
        Slot.objects.update(state="free")
        assert submit(held) == ("saved", True)

    def test_too_late_it_is_lost_and_the_text_kept(self, admin, alice, bob):
        pool = make.project(admin, items=1)
        held = claim(pool, alice)
        let_expire(held)
        claim(pool, bob)
        with pytest.raises(leases.Lost):
            submit(held, body={"output": "my text"})
        held.refresh_from_db()
        assert (held.state, held.draft) == ("expired", {"output": "my text"})

    def test_it_is_not_for_others(self, pool, alice, bob):
        held = claim(pool, alice)
        held.person_id = bob.pk
        with pytest.raises(Missing):
            submit(held)

    def test_what_the_app_saves_stands_or_falls_with_it(self, pool, alice):
        held = claim(pool, alice)

        def fail(assignment):
            raise RuntimeError

        with pytest.raises(RuntimeError):
            submit(held, save=fail)
        held.refresh_from_db()
        assert held.state == "live"


class TestHeartbeat:
    def test_it_renews_the_lease(self, pool, alice):
        held = claim(pool, alice, lease=timedelta(minutes=1))
        assert leases.heartbeat(Assignment, uuid=held.uuid, person_id=alice.pk, lease=HOUR) > held.expires_at

    def test_a_lost_lease_is_not_renewed(self, admin, alice, bob):
        pool = make.project(admin, items=1)
        held = claim(pool, alice)
        let_expire(held)
        claim(pool, bob)
        with pytest.raises(leases.Lost):
            leases.heartbeat(Assignment, uuid=held.uuid, person_id=alice.pk, lease=HOUR)

    def test_an_unknown_assignment_is_missing(self, alice):
        with pytest.raises(Missing):
            leases.heartbeat(Assignment, uuid=uuid4(), person_id=alice.pk, lease=HOUR)


def test_releasing_everything_keeps_the_drafts(pool, alice):
    held = claim(pool, alice)
    leases.save_draft(Assignment, uuid=held.uuid, person_id=alice.pk, draft="half")
    assert leases.release_all(Assignment, pool_id=pool.pk, person_id=alice.pk, reason="paused") == 1
    held.refresh_from_db()
    assert (held.state, held.draft, held.slot.state) == ("released", "half", "free")


def test_giving_back_twice_changes_nothing(pool, alice, bob):
    held = claim(pool, alice)
    back = {"uuid": held.uuid, "person_id": alice.pk, "state": State.SKIPPED}
    leases.give_back(Assignment, **back)
    Slot.objects.exclude(pk=held.slot_id).update(state="closed")
    taken = claim(pool, bob)
    leases.give_back(Assignment, **back)
    taken.refresh_from_db()
    assert taken.slot.state == "held"


@pytest.mark.parametrize("start", Assignment.MOVES)
@pytest.mark.parametrize("to", [State.RETURNED, State.SET_ASIDE])
def test_only_what_was_submitted_is_returned_or_set_aside(pool, alice, start, to):
    held = claim(pool, alice)
    held.state = start
    if start == State.SUBMITTED:
        leases.end(held, state=to)
        assert held.state == to
    else:
        with pytest.raises(Conflict):
            leases.end(held, state=to)
