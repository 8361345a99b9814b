"""What managers and judges read, as programs do."""

import pytest

from annotation.models import Membership
from annotation.services import review, work
from tests.factories import annotation as make


def answer(project, person, output):
    claimed = work.claim(user=person, project=project.uuid)
    return work.submit(
        user=person, assignment=claimed.assignment.uuid, body={"output": output, "lead_time": 8}
    ).response


@pytest.fixture
def shared(admin, alice, bob):
    """One item of two, answered by both."""
    made = make.project(admin, items=2, overlap=2, people=[alice, bob])
    answer(made, alice, "One")
    answer(made, bob, "Two")
    return made


def read(api, person, project, what):
    answer = api(person).get(f"/api/v1/projects/{project.uuid}/{what}/")
    assert answer.status_code == 200
    return answer.json()


def test_people_come_with_their_figures(api, shared, admin, alice):
    rows = {row["person"]: row for row in read(api, admin, shared, "people")}
    assert (rows["alice"]["submitted"], rows["alice"]["median_seconds"]) == (1, 8.0)
    assert rows["alice"]["gold_accuracy"] is None


def test_answers_are_counted_per_day_and_person(api, shared, admin):
    assert [(row["person"], row["answers"]) for row in read(api, admin, shared, "throughput")] == [
        ("alice", 1),
        ("bob", 1),
    ]


def test_agreement_has_a_history(api, shared, admin):
    points = read(api, admin, shared, "agreement/history")
    assert [(point["dimension"], point["n"]) for point in points] == [("similarity", 1)]


def test_what_waits_to_be_chosen_between_comes_without_names(api, shared, admin):
    found = read(api, admin, shared, "adjudications")["results"]
    assert len(found) == 1
    assert {one["output"] for one in found[0]["responses"]} == {"One", "Two"}
    assert not {"author", "scripted"} & set(found[0]["responses"][0])


def test_an_item_is_chosen_between_once_all_have_answered(api, shared, admin, alice):
    answer(shared, alice, "Three")
    assert len(read(api, admin, shared, "adjudications")["results"]) == 1


def test_who_answered_an_item_does_not_choose(api, shared, alice):
    Membership.objects.create(project=shared, user=alice, role="reviewer")
    assert read(api, alice, shared, "adjudications")["results"] == []


class TestKeptDrafts:
    @pytest.fixture
    def kept(self, project, alice):
        claimed = work.claim(user=alice, project=project.uuid)
        work.save_draft(user=alice, assignment=claimed.assignment.uuid, draft={"output": "half a thought"})
        work.skip(user=alice, assignment=claimed.assignment.uuid, reason="unclear")
        return claimed

    def test_they_stay_readable_to_their_author(self, api, kept, alice, bob):
        found = read(api, alice, kept.project, "drafts")["results"]
        assert [(one["draft"], one["state"]) for one in found] == [({"output": "half a thought"}, "skipped")]
        assert read(api, bob, kept.project, "drafts")["results"] == []

    def test_and_on_a_page(self, client, kept, alice):
        client.force_login(alice)
        assert "half a thought" in client.get(f"/projects/{kept.project.uuid}/drafts/").content.decode()

    def test_a_returned_text_is_no_kept_draft_once_it_is_answered_again(self, api, project, alice, bob):
        made = answer(project, alice, "First")
        review.review(user=bob, response=made, verdict="reject", comment="Longer")
        answer(project, alice, "First, and longer")
        assert read(api, alice, project, "drafts")["results"] == []


def test_the_reason_of_a_return_outlives_the_next_draft(client, project, alice, bob):
    made = answer(project, alice, "First")
    review.review(user=bob, response=made, verdict="reject", comment="Name a source")
    again = work.claim(user=alice, project=project.uuid)
    work.save_draft(user=alice, assignment=again.assignment.uuid, draft={"output": "First, from a book"})
    client.force_login(alice)
    assert "Name a source" in client.get(f"/projects/{project.uuid}/annotate/").content.decode()
