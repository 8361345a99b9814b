"""Annotators and reviewers in a real browser."""

import json

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import expect

from annotation.models import Assignment, Membership, Response
from annotation.services import projects, work
from tests.annotation.stress import Server
from tests.factories import annotation as make

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def project(admin, alice, bob):
    made = make.project(admin, items=3, people=[alice], name="Answers")
    Membership.objects.create(project=made, user=bob, role="reviewer")
    projects.set_guidelines(actor=admin, project=made, text="# Be *kind*\n\nAnswer what was asked.")
    return made


@pytest.fixture
def rating(admin, alice):
    made = make.project(admin, people=[alice], kind="rate", name="Ratings")
    for number in range(2):
        make.item(made, number, output=f"A response {number}", metadata={"language": "en"})
    return made


def annotate(open_as, project, person, **options):
    page = open_as(person, f"/projects/{project.uuid}/annotate/", **options)
    page.locator("#answer").wait_for()
    page.wait_for_load_state("networkidle")
    return page


def test_an_item_is_written_by_keyboard_alone(open_as, project, alice):
    page = annotate(open_as, project, alice)
    page.keyboard.type("Written without a mouse")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#today")).to_have_text("1")
    expect(page.locator("#output")).to_have_value("")
    assert Response.objects.get().output == "Written without a mouse"
    assert page.complaints == []


def test_a_response_is_rated_by_keyboard_alone(open_as, rating, alice):
    page = annotate(open_as, rating, alice)
    for key in "5432":
        page.keyboard.press(key)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#today")).to_have_text("1")
    expected = {"accuracy": 5, "relevance": 4, "completeness": 3, "consistency": 2}
    assert Response.objects.get().ratings == expected
    assert page.complaints == []


def test_the_keys_are_listed_at_a_question_mark(open_as, project, alice):
    page = annotate(open_as, project, alice)
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.get_by_role("dialog", name="Keys").is_visible()


def test_skipping_by_keyboard_brings_the_next_item(open_as, project, alice):
    page = annotate(open_as, project, alice)
    first = page.locator("#answer").get_attribute("data-assignment")
    page.keyboard.press("Escape")
    page.keyboard.press("s")
    page.keyboard.type("Unclear")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).not_to_have_attribute("data-assignment", first)
    assert Assignment.objects.get(uuid=first).reason == "Unclear"


def test_an_item_is_given_back_with_its_draft(open_as, project, alice, shoot):
    page = annotate(open_as, project, alice)
    first = page.locator("#answer").get_attribute("data-assignment")
    page.keyboard.type("Not sure yet")
    page.get_by_role("button", name="Skip").click()
    shoot(page, "skip")
    page.get_by_role("button", name="Give it back for now").click()
    page.wait_for_url(lambda url: "/projects/" not in url)
    found = Assignment.objects.get(uuid=first)
    assert (found.state, found.draft["output"]) == ("released", "Not sure yet")


def test_an_answer_that_came_too_late_leads_on_and_says_where_the_text_is(open_as, project, alice, bob):
    page = annotate(open_as, project, alice)
    page.keyboard.type("Too late")
    page.get_by_text("Draft saved").wait_for()
    Membership.objects.create(project=project, user=bob, role="annotator")
    Assignment.objects.filter(ahead=False).update(expires_at=timezone.now())
    assert work.claim(user=bob, project=project.uuid).item == project.items.earliest("id")
    page.keyboard.press("Control+Enter")
    page.get_by_role("link", name="Kept drafts").click()
    page.get_by_text("Too late").wait_for()


def test_the_next_item_is_there_before_it_is_wanted(open_as, project, alice):
    annotate(open_as, project, alice)
    assert Assignment.objects.filter(state="live", ahead=True).count() == 1


def test_a_draft_survives_a_killed_tab(open_as, project, alice):
    page = annotate(open_as, project, alice)
    page.keyboard.type("Half a thought")
    page.get_by_text("Draft saved").wait_for()
    page.close(run_before_unload=False)
    again = annotate(open_as, project, alice)
    assert again.locator("#output").input_value() == "Half a thought"


@pytest.fixture
def server(project, monkeypatch):
    """The service itself on this test's database, to be killed and started again."""
    at = connection.connection.info
    monkeypatch.setenv("DATABASE_URL", f"postgresql://{at.user}@/{at.dbname}?host={at.host}&port={at.port}")
    running = Server()
    yield running
    running.stop()


def test_a_draft_survives_a_killed_server_and_a_killed_tab(server, open_as, project, alice):
    address = f"http://localhost:{server.port}/projects/{project.uuid}/annotate/"
    page = open_as(alice, address)
    page.locator("#answer").wait_for()
    page.keyboard.type("Typed before, ")
    page.get_by_text("Draft saved").wait_for()
    server.kill()
    page.keyboard.type("typed after")
    page.get_by_text("Your draft is kept in this browser").wait_for()
    context = page.context
    page.close(run_before_unload=False)
    server.start()
    again = context.new_page()
    again.goto(address)
    assert again.locator("#output").input_value() == "Typed before, typed after"


def test_an_answer_survives_a_server_that_is_away(open_as, project, alice):
    page = annotate(open_as, project, alice)
    page.route("**/api/**", lambda route: route.abort())
    page.keyboard.type("Typed into the void")
    page.get_by_text("Your draft is kept in this browser").wait_for()
    page.keyboard.press("Control+Enter")
    page.get_by_text("sent again every few seconds").wait_for()
    page.unroute("**/api/**")
    expect(page.locator("#today")).to_have_text("1", timeout=15_000)
    assert Response.objects.get().output == "Typed into the void"


def test_a_comment_goes_to_reviewers(open_as, project, alice):
    page = annotate(open_as, project, alice)
    page.keyboard.press("Escape")
    page.keyboard.press("c")
    page.keyboard.type("Is this one in scope?")
    page.keyboard.press("Enter")
    page.locator("#comments p").filter(has_text="Is this one in scope?").wait_for()


def test_the_page_says_when_nothing_is_left(open_as, admin, alice):
    project = make.project(admin, items=1, people=[alice])
    page = annotate(open_as, project, alice)
    page.keyboard.type("The last one")
    page.keyboard.press("Control+Enter")
    page.get_by_role("heading", name="Nothing is left for you here").wait_for()


class TestReview:
    @pytest.fixture
    def page(self, open_as, project, alice, bob):
        claimed = work.claim(user=alice, project=project.uuid)
        work.submit(user=alice, assignment=claimed.assignment.uuid, body={"output": "The old words"})
        page = open_as(bob, f"/projects/{project.uuid}/review/")
        page.get_by_text("The old words").first.wait_for()
        return page

    def test_a_fix_shows_what_it_changes_and_keeps_both(self, page, shoot):
        page.keyboard.press("f")
        page.locator("#output").fill("The new words")
        page.locator("#diff ins", has_text="new").wait_for()
        shoot(page, "review-fix")
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", name="Nothing waits for review").wait_for()
        assert sorted(Response.objects.values_list("output", "state")) == [
            ("The new words", "accepted"), ("The old words", "fixed")
        ]  # fmt: skip
        assert page.complaints == []

    def test_an_answer_is_accepted_by_one_key(self, page):
        page.keyboard.press("a")
        page.get_by_role("heading", name="Nothing waits for review").wait_for()
        assert Response.objects.get().state == "accepted"

    def test_a_rejection_asks_why_and_goes_back_to_its_author(self, page, open_as, project, alice):
        page.keyboard.press("r")
        page.keyboard.type("Say where from")
        page.keyboard.press("Control+Enter")
        page.get_by_role("heading", name="Nothing waits for review").wait_for()
        author = annotate(open_as, project, alice)
        assert "Say where from" in author.locator("#answer .notice").inner_text()
        assert author.locator("#output").input_value() == "The old words"


def test_a_paused_person_reads_why_and_finds_the_drafts(open_as, project, alice, shoot, assert_accessible):
    claimed = work.claim(user=alice, project=project.uuid)
    work.save_draft(user=alice, assignment=claimed.assignment.uuid, draft={"output": "My half answer"})
    reason = "Of the last 5 check items 0 were right."
    Membership.objects.filter(user=alice).update(paused_at=timezone.now(), pause_reason=reason, recent=[False] * 5)
    page = open_as(alice, f"/projects/{project.uuid}/annotate/")
    assert reason in page.locator(".notice").inner_text()
    assert page.get_by_text("My half answer").is_visible()
    shoot(page, "paused")
    assert_accessible(page)


def test_all_items_of_a_page_are_acted_on_at_once(open_as, project, admin):
    page = open_as(admin, f"/projects/{project.uuid}/items/")
    page.get_by_label("Tick all on this page").check()
    page.get_by_label("Action").select_option("exclude")
    page.get_by_role("button", name="Do this to the ticked items").click()
    page.get_by_text("3 changed.").wait_for()
    assert not project.items.filter(excluded_at=None).exists()


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_responses_side_by_side_have_no_serious_barrier(
    open_as, admin, alice, bob, carol, lang, shoot, assert_accessible
):
    project = make.project(admin, items=1, overlap=2, people=[alice, bob], name="Twice")
    Membership.objects.create(project=project, user=carol, role="reviewer")
    for person in (alice, bob):
        claimed = work.claim(user=person, project=project.uuid)
        work.submit(user=person, assignment=claimed.assignment.uuid, body={"output": f"As {person.username} has it"})
    page = open_as(carol, f"/projects/{project.uuid}/adjudicate/", lang=lang)
    page.get_by_text("As alice has it").wait_for()
    shoot(page, f"side-by-side-{lang}")
    assert_accessible(page)


@pytest.fixture
def busy(project, admin, alice, bob):
    """Work at every stage, so that the pages have something to show."""
    item = project.items.first()
    item.output, item.metadata = "A draft to write from", {"language": "en", "category": "daily_life"}
    item.save()
    claimed = work.claim(user=alice, project=project.uuid)
    work.submit(user=alice, assignment=claimed.assignment.uuid, body={"output": "An answer to review", "lead_time": 40})
    Membership.objects.create(project=project, user=admin, role="manager")
    Membership.objects.filter(role="annotator").update(recent=[True] * 8 + [False])
    return project


PAGES = {
    "annotate-list": ("alice", "/annotate/"), "annotate": ("alice", "/projects/{id}/annotate/"),
    "review-list": ("bob", "/review/"), "review": ("bob", "/projects/{id}/review/"),
    "projects": ("admin", "/projects/"), "project-new": ("admin", "/projects/new/"),
    "project": ("admin", "/projects/{id}/"), "items": ("admin", "/projects/{id}/items/"),
    "quality": ("admin", "/projects/{id}/quality/"), "adjudicate": ("bob", "/projects/{id}/adjudicate/"),
    "people": ("admin", "/projects/{id}/people/"), "drafts": ("alice", "/projects/{id}/drafts/"),
    "item": ("bob", "/items/{item}/"),
    "settings": ("admin", "/projects/{id}/settings/"), "person": ("admin", "/projects/{id}/people/{member}/"),
    "guidelines": ("admin", "/projects/{id}/guidelines/"),
}  # fmt: skip


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_a_serious_barrier(request, open_as, busy, name, lang, shoot, assert_accessible):
    who, address = PAGES[name]
    page = open_as(
        request.getfixturevalue(who),
        address.format(id=busy.uuid, member=busy.members.get(role="annotator").uuid, item=busy.items.first().uuid),
        lang=lang,
    )
    page.wait_for_load_state("networkidle")
    shoot(page, f"{name}-{lang}")
    assert_accessible(page)
    assert json.dumps(page.complaints) == "[]"
