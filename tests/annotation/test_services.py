"""Bulk actions, adjudication, agreement and signals on real rows."""

import pytest

from annotation.models import Membership, Response, Slot
from annotation.selectors import quality
from annotation.services import bulk, projects, review, work
from sftlab.errors import BadInput, Conflict, NotPermitted
from tests.factories import annotation as make


def answer(project, person, output="An answer", **body):
    claimed = work.claim(user=person, project=project.uuid)
    body = body or {"output": output}
    return work.submit(user=person, assignment=claimed.assignment.uuid, body=body).response


def ids(project):
    return list(project.items.order_by("id").values_list("uuid", flat=True))


class TestBulk:
    def act(self, admin, project, **given):
        return bulk.act(actor=admin, project=project, items=ids(project), **given)

    def test_items_are_assigned_to_a_person(self, project, admin, alice, bob):
        assert self.act(admin, project, action="assign", username="alice") == 3
        assert work.claim(user=bob, project=project.uuid) is None
        assert work.claim(user=alice, project=project.uuid) is not None

    def test_and_taken_from_them(self, project, admin, bob):
        self.act(admin, project, action="assign", username="alice")
        self.act(admin, project, action="unassign")
        assert work.claim(user=bob, project=project.uuid) is not None

    def test_nobody_else_can_be_assigned(self, project, admin):
        with pytest.raises(BadInput):
            self.act(admin, project, action="assign", username="dave")

    def test_priority_goes_to_the_slots(self, project, admin):
        self.act(admin, project, action="prioritise", priority=9)
        assert set(Slot.objects.values_list("priority", flat=True)) == {9}

    def test_responses_are_returned_to_their_authors(self, project, admin, alice):
        made = answer(project, alice)
        assert self.act(admin, project, action="return", reason="Shorter, please") == 1
        made.refresh_from_db()
        claimed = work.claim(user=alice, project=project.uuid)
        assert made.state == "rejected"
        assert claimed.assignment.draft["returned"] == "Shorter, please"

    def test_excluded_items_are_not_handed_out_until_included_again(self, project, admin, alice):
        self.act(admin, project, action="exclude")
        assert work.claim(user=alice, project=project.uuid) is None
        self.act(admin, project, action="include")
        assert work.claim(user=alice, project=project.uuid) is not None

    def test_an_excluded_item_is_taken_from_who_holds_it_and_the_draft_kept(self, project, admin, alice, bob):
        held = work.claim(user=alice, project=project.uuid).assignment
        work.save_draft(user=alice, assignment=held.uuid, draft={"output": "half"})
        self.act(admin, project, action="exclude")
        held.refresh_from_db()
        assert (held.state, held.draft) == ("released", {"output": "half"})
        assert work.claim(user=bob, project=project.uuid) is None

    def test_what_a_reviewer_returns_of_an_excluded_item_is_not_handed_out(self, project, admin, alice, bob):
        made = answer(project, alice)
        self.act(admin, project, action="exclude")
        review.review(user=bob, response=made, verdict="reject", comment="No")
        assert work.claim(user=alice, project=project.uuid) is None

    def test_an_item_of_another_project_is_refused(self, project, admin):
        other = make.project(admin, items=1)
        with pytest.raises(BadInput):
            bulk.act(actor=admin, project=project, items=ids(other), action="exclude")


class TestReview:
    def test_nobody_reviews_their_own_work(self, project, bob):
        with pytest.raises(NotPermitted):
            review.review(user=bob, response=answer(project, bob), verdict="accept")

    def test_a_response_is_judged_once(self, project, alice, bob):
        made = answer(project, alice)
        review.review(user=bob, response=made, verdict="accept")
        with pytest.raises(Conflict):
            review.review(user=bob, response=made, verdict="reject", comment="no")

    def test_a_rejected_one_comes_back_to_its_author_alone(self, project, alice, bob, carol):
        projects.add_member(actor=project.created_by, project=project, username="carol", role="annotator")
        review.review(user=bob, response=answer(project, alice), verdict="reject", comment="Sources?")
        item = Response.objects.get().item_id
        assert work.claim(user=carol, project=project.uuid).item.pk != item
        assert work.claim(user=alice, project=project.uuid).item.pk == item

    def test_the_same_answer_said_again_after_a_rejection_changes_nothing(self, project, alice, bob):
        made = answer(project, alice, "One text")
        review.review(user=bob, response=made, verdict="reject", comment="Sources?")
        again = work.submit(user=alice, assignment=made.assignment.uuid, body={"output": "One text"})
        assert (again.response, again.created) == (made, False)
        with pytest.raises(Conflict):
            work.submit(user=alice, assignment=made.assignment.uuid, body={"output": "Another"})

    def test_two_reviewers_are_given_different_responses(self, project, manager, alice, bob):
        answer(project, alice)
        answer(project, alice)
        first = review.next_for_review(user=bob, project=project)
        assert review.next_for_review(user=bob, project=project).pk == first.pk
        assert review.next_for_review(user=manager, project=project).pk != first.pk

    def test_one_of_several_is_kept(self, admin, alice, bob, carol):
        project = make.project(admin, items=1, overlap=2, people=[alice, bob])
        first, second = answer(project, alice, "One"), answer(project, bob, "Two")
        Membership.objects.create(project=project, user=carol, role="reviewer")
        review.adjudicate(user=carol, item=first.item, choice=second.uuid)
        assert dict(Response.objects.values_list("output", "state")) == {"One": "outvoted", "Two": "accepted"}

    def test_an_author_does_not_choose(self, admin, alice, bob):
        project = make.project(admin, items=1, overlap=2, people=[alice, bob])
        made = answer(project, alice, "One")
        answer(project, bob, "Two")
        with pytest.raises(NotPermitted):
            review.adjudicate(user=bob, item=made.item, choice=made.uuid)


class TestQuality:
    @pytest.fixture
    def rated(self, admin, alice, bob):
        return make.project(admin, items=12, overlap=2, people=[alice, bob], kind="rate")

    def rate_all(self, project, person, value):
        while (claimed := work.claim(user=person, project=project.uuid)) is not None:
            ratings = dict.fromkeys(project.dimensions, value(claimed.item.pk))
            work.submit(user=person, assignment=claimed.assignment.uuid, body={"ratings": ratings, "lead_time": 9})

    def test_agreement_has_an_interval(self, rated, alice, bob):
        self.rate_all(rated, alice, lambda pk: 1 + pk % 5)
        self.rate_all(rated, bob, lambda pk: 1 + (pk + pk % 3) % 5)
        found = quality.agreements(rated)[0]
        assert found.low <= found.value <= found.high
        assert found.n == 12

    def test_no_variance_is_no_number_but_a_reason(self, rated, alice, bob):
        for person in (alice, bob):
            self.rate_all(rated, person, lambda pk: 3)
        found = quality.agreements(rated)[0]
        assert found.value is None
        assert found.reason

    def test_one_rating_for_all_and_drift_are_signalled(self, rated, alice, bob):
        self.rate_all(rated, alice, lambda pk: 5)
        self.rate_all(rated, bob, lambda pk: 1 + pk % 3)
        kinds = {(signal.kind, signal.username) for signal in quality.signals(rated)}
        assert {("one_rating", "alice"), ("drift", "alice")} <= kinds

    def test_speed_and_repeated_text_are_signalled(self, admin, alice):
        project = make.project(admin, people=[alice])
        for number in range(10):
            make.item(project, number, input="word " * 60)
        while (claimed := work.claim(user=alice, project=project.uuid)) is not None:
            body = {"output": "The very same words again and again", "lead_time": 2}
            work.submit(user=alice, assignment=claimed.assignment.uuid, body=body)
        assert {"too_fast", "repeated"} <= {signal.kind for signal in quality.signals(project)}

    def test_text_that_came_faster_than_typing_is_signalled(self, admin, alice):
        project = make.project(admin, items=10, people=[alice])
        while (claimed := work.claim(user=alice, project=project.uuid)) is not None:
            text = f"{claimed.item.pk} " + "many different words " * 20
            work.submit(user=alice, assignment=claimed.assignment.uuid, body={"output": text, "lead_time": 4})
        assert "pasted" in {signal.kind for signal in quality.signals(project)}

    def test_agreement_of_writers_has_a_history(self, admin, alice, bob):
        project = make.project(admin, items=16, overlap=2, people=[alice, bob])
        for person, text in ((alice, "the same words"), (bob, "the same words, nearly")):
            for _ in range(16):
                answer(project, person, text)
        points = quality.agreement_over_time(project)
        assert [(point["measure"], point["n"]) for point in points] == [("chrf", 8), ("chrf", 8)]
        assert points[0]["value"] == points[1]["value"] > 0.5

    def test_similarity_of_writers_needs_two_texts(self, project, alice):
        answer(project, alice)
        assert quality.agreements(project)[0].reason
