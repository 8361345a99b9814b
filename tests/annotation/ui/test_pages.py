"""Every page answers those it is for, and nobody else; forms work without a script."""

import pytest
from django.urls import reverse

from annotation.models import Assignment, DatasetVersion, Membership, Response
from annotation.services import datasets, review, work
from tests.factories import annotation as make

PAGES = ["project", "items", "guidelines", "people", "annotate", "review"]


@pytest.fixture
def page(client):
    """`page(alice, "project", project.uuid)` is the answer to alice's GET."""

    def get(user, name, *args, **query):
        client.force_login(user)
        return client.get(reverse(f"annotation:{name}", args=args), query)

    return get


@pytest.fixture
def submitted(project, alice):
    claimed = work.claim(user=alice, project=project.uuid)
    return work.submit(user=alice, assignment=claimed.assignment.uuid, body={"output": "My answer"}).response


@pytest.fixture
def version(project, admin, bob, submitted):
    review.review(user=bob, response=submitted, verdict="accept")
    return datasets.create_version(actor=admin, project=project, name="v1")


@pytest.mark.parametrize(("name", "allowed"), [
    ("project", "alice bob carol admin"), ("items", "carol admin"), ("guidelines", "alice bob carol admin"),
    ("people", "carol admin"), ("review", "bob carol admin"), ("annotate", "alice bob"),
])  # fmt: skip
@pytest.mark.parametrize("who", ["alice", "bob", "carol", "dave", "admin"])
def test_a_project_page_is_for_its_roles(request, page, project, manager, name, allowed, who):
    answer = page(request.getfixturevalue(who), name, project.uuid)
    expected = 200 if who in allowed.split() else 404 if who == "dave" else 403
    assert answer.status_code == expected


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_lists_answer_in_both_languages(client, project, manager, alice, carol, language):
    for user, name in [(alice, "annotate-list"), (carol, "review-list"), (carol, "projects"), (carol, "project-new")]:
        client.force_login(user)
        assert client.get(reverse(f"annotation:{name}"), headers={"accept-language": language}).status_code == 200


def test_a_project_is_made_by_the_form(client, admin):
    client.force_login(admin)
    form = {"name": "N", "kind": "write", "language": "zh", "overlap": 2, "lease_minutes": 20, "review_rate": 1,
            "gold_rate": 0.1, "bar": 0.6, "bar_window": 20, "training_items": 0, "pass_mark": 0.8, "training_tries": 2,
            "guidelines": "# Be kind"}  # fmt: skip
    answer = client.post(reverse("annotation:project-new"), form)
    assert answer.status_code == 302, answer.content.decode()
    assert "Be kind" in client.get(answer["Location"] + "guidelines/").content.decode()


def test_a_fault_is_shown_at_its_field(client, admin):
    client.force_login(admin)
    assert "data-faulty" in client.post(reverse("annotation:project-new"), {"name": ""}).content.decode()


def test_an_item_is_answered_by_the_form(client, project, alice):
    client.force_login(alice)
    address = reverse("annotation:annotate", args=[project.uuid])
    client.get(address)
    held = Assignment.objects.get()
    answer = client.post(address, {"assignment": held.uuid, "kind": "write", "output": "Done", "lead_time": "3"})
    assert answer.status_code == 302
    assert Response.objects.get().output == "Done"


def test_ratings_are_given_by_the_form(client, admin, alice):
    project = make.project(admin, items=1, people=[alice], kind="rate")
    client.force_login(alice)
    address = reverse("annotation:annotate", args=[project.uuid])
    client.get(address)
    form = {f"rating-{name}": "4" for name in project.dimensions}
    client.post(address, {"assignment": Assignment.objects.get().uuid, "kind": "rate", "flag-harmful": "on", **form})
    assert Response.objects.get().flags == ["harmful"]


def test_an_item_is_skipped_by_the_form(client, project, alice):
    client.force_login(alice)
    address = reverse("annotation:annotate", args=[project.uuid])
    client.get(address)
    client.post(address, {"assignment": Assignment.objects.get().uuid, "action": "skip", "reason": "unclear"})
    assert Assignment.objects.get().state == "skipped"


def test_the_next_item_is_a_fragment(client, project, alice):
    client.force_login(alice)
    answer = client.post(reverse("annotation:annotate-next", args=[project.uuid]), {"ahead": "1"})
    assert answer.status_code == 200
    assert Assignment.objects.filter(ahead=True).count() == 1


@pytest.mark.parametrize(("verdict", "fields", "state"), [
    ("accept", {}, "accepted"), ("reject", {"comment": "short"}, "rejected"), ("fix", {"output": "Better"}, "fixed"),
])  # fmt: skip
def test_a_verdict_is_given_by_the_form(client, project, submitted, bob, verdict, fields, state):
    client.force_login(bob)
    form = {"response": submitted.uuid, "verdict": verdict, **fields}
    answer = client.post(reverse("annotation:review", args=[project.uuid]), form)
    assert answer.status_code == 302, answer.content.decode()
    submitted.refresh_from_db()
    assert submitted.state == state


def test_a_rejection_without_a_reason_is_explained(client, project, submitted, bob):
    client.force_login(bob)
    form = {"response": submitted.uuid, "verdict": "reject"}
    answer = client.post(reverse("annotation:review", args=[project.uuid]), form)
    assert "Say why, for the author." in answer.content.decode()


def test_the_diff_follows_the_fix(client, project, submitted, bob):
    client.force_login(bob)
    form = {"response": submitted.uuid, "output": "My better answer"}
    answer = client.post(reverse("annotation:review-diff", args=[project.uuid]), form)
    assert "<ins>better </ins>" in answer.content.decode()


def test_a_version_is_frozen_by_the_form_and_shown(client, project, version, manager):
    client.force_login(manager)
    form = {"name": "v2", "train": "1", "seed": "3", "note": ""}
    answer = client.post(reverse("annotation:project", args=[project.uuid]), form)
    assert client.get(answer["Location"]).status_code == 200
    assert DatasetVersion.objects.count() == 2


def test_a_persons_record_is_for_managers(page, project, manager, submitted, alice, bob):
    member = project.members.get(user=alice)
    assert "My answer" in page(manager, "person", project.uuid, member.uuid).content.decode()
    assert page(bob, "person", project.uuid, member.uuid).status_code == 403


def test_the_home_page_offers_the_work(client, project, alice):
    client.force_login(alice)
    assert reverse("annotation:annotate", args=[project.uuid]) in client.get("/").content.decode()


class TestManaging:
    def test_ticked_items_are_acted_on(self, client, project, manager):
        client.force_login(manager)
        ticked = [str(uuid) for uuid in project.items.values_list("uuid", flat=True)]
        form = {"item": ticked, "action": "prioritise", "priority": "4"}
        assert client.post(reverse("annotation:items-act", args=[project.uuid]), form).status_code == 302
        assert set(project.items.values_list("priority", flat=True)) == {4}

    def test_an_action_on_nothing_is_explained(self, client, project, manager):
        client.force_login(manager)
        form = {"action": "exclude"}
        assert client.post(reverse("annotation:items-act", args=[project.uuid]), form).status_code == 400

    def test_people_leave_as_csv(self, page, project, manager, submitted):
        text = page(manager, "people-csv", project.uuid).content.decode("utf-8-sig")
        assert text.splitlines()[1].startswith("alice,False,1,")

    def test_the_days_leave_as_csv(self, page, project, manager, submitted):
        text = page(manager, "days-csv", project.uuid).content.decode("utf-8-sig")
        assert text.splitlines()[1].endswith("alice,1")

    def test_agreement_over_time_leaves_as_csv(self, page, client, admin, alice, bob):
        project = make.project(admin, items=8, overlap=2, people=[alice, bob])
        for person in (alice, bob):
            while (claimed := work.claim(user=person, project=project.uuid)) is not None:
                work.submit(user=person, assignment=claimed.assignment.uuid, body={"output": "The same"})
        lines = page(admin, "agreement-csv", project.uuid).content.decode("utf-8-sig").splitlines()
        assert lines[0] == "until,dimension,measure,value,low,high,n,reason"
        assert ",similarity,chrf,1.0,1.0,1.0,8," in lines[1]

    def test_the_quality_page_is_for_managers(self, page, project, manager, bob):
        assert page(manager, "quality", project.uuid).status_code == 200
        assert page(bob, "quality", project.uuid).status_code == 403

    def test_one_of_two_responses_is_kept_by_the_form(self, client, admin, alice, bob, carol):
        project = make.project(admin, items=1, overlap=2, people=[alice, bob])
        for person in (alice, bob):
            claimed = work.claim(user=person, project=project.uuid)
            work.submit(user=person, assignment=claimed.assignment.uuid, body={"output": f"By {person.username}"})
        client.force_login(admin)
        address = reverse("annotation:adjudicate", args=[project.uuid])
        shown = client.get(address).content.decode()
        assert "By alice" in shown
        chosen = Response.objects.get(output="By bob")
        client.post(address, {"item": chosen.item.uuid, "choice": chosen.uuid})
        chosen.refresh_from_db()
        assert chosen.state == "accepted"
        assert "By alice" not in client.get(address).content.decode()


class TestAnItemsPage:
    def test_it_shows_what_was_made_of_it_to_those_who_judge(self, page, submitted, alice, bob):
        assert "My answer" in page(bob, "item", submitted.item.uuid).content.decode()
        assert page(alice, "item", submitted.item.uuid).status_code == 403

    @pytest.mark.parametrize("on", ["item", "review"])
    def test_a_reviewers_comment_reaches_the_annotator(self, client, api, submitted, alice, bob, on):
        client.force_login(bob)
        address = reverse("annotation:item-comment", args=[submitted.item.uuid])
        shown = client.post(address, {"text": "Which edition?", "on": on}, follow=True).content.decode()
        assert "Which edition?" in shown
        read = api(alice).get(f"/api/v1/items/{submitted.item.uuid}/comments/").json()["results"]
        assert [(one["author"], one["text"]) for one in read] == [("bob", "Which edition?")]


class TestAPersonsPage:
    @pytest.fixture
    def member(self, project, alice):
        return Membership.objects.get(project=project, user=alice, role="annotator")

    def post(self, client, manager, what, project, member, **form):
        client.force_login(manager)
        return client.post(reverse(f"annotation:person-{what}", args=[project.uuid, member.uuid]), form, follow=True)

    def test_a_pause_by_hand_is_in_the_history(self, client, project, manager, member):
        shown = self.post(
            client, manager, "pause", project, member, reason="Read the guidelines again"
        ).content.decode()
        assert "Read the guidelines again" in shown
        member.refresh_from_db()
        assert member.paused_at is not None

    def test_a_pause_needs_a_reason(self, client, project, manager, member):
        assert self.post(client, manager, "pause", project, member, reason=" ").status_code == 400

    def test_somebody_is_removed_and_their_work_stays(self, client, project, manager, member, submitted):
        self.post(client, manager, "remove", project, member)
        assert not Membership.objects.filter(pk=member.pk).exists()
        assert Response.objects.filter(pk=submitted.pk).exists()


def test_settings_are_changed_but_for_what_is_fixed(client, project, manager):
    client.force_login(manager)
    address = reverse("annotation:settings", args=[project.uuid])
    form = client.get(address).context["form"]
    assert not {"kind", "overlap"} & set(form.fields)
    client.post(address, form.initial | {"lease_minutes": 7, "state": "closed", "overlap": 9})
    project.refresh_from_db()
    assert (project.lease_minutes, project.state, project.overlap) == (7, "closed", 1)
