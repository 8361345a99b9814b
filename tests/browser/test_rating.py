"""Rating in the browser, by keyboard alone."""

import pytest
from playwright.sync_api import expect

from evaluation.models.studies import Study, Vote
from evaluation.services.studies.creating import create_study
from evaluation.services.studies.members import add_member, set_standing
from evaluation.services.studies.report import make_report
from tests.evaluation.factories import make_evaluation, make_model, upload

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "\n\n".join(f"Paragraph {number} of a long answer, to be scrolled." for number in range(60))


@pytest.fixture
def make_study(admin):
    def make(rater, *, items=4, design="pairwise", texts=("One answer.", "Another answer."), **options) -> Study:
        from evaluation.services.evalsets import create_evalset

        rows = [
            {"id": f"q{number}", "turns": [{"role": "user", "content": f"Question {number}?"}], "references": ["ok"]}
            for number in range(items)
        ]
        evalset = create_evalset(actor=admin, name="questions", items=rows)[0]
        models = [make_model(admin, name) for name in ("zircon-7b", "quasar-lora")]
        evaluation = make_evaluation(admin, evalset, *models)
        for model, text in zip(models, texts, strict=True):
            upload(admin, evaluation, model, {f"q{number}": text for number in range(items)})
        study = create_study(
            actor=admin,
            evalset=evalset.uuid,
            models=[model.uuid for model in models],
            design=design,
            raters_per_unit=1,
            name="Winter",
            seed=3,
            config={"check_rate": 0},
            **options,
        )
        add_member(actor=admin, study=study, username=rater.username, role="rater")
        return study

    return make


def saved(page, count):
    expect(page.locator("#progress progress")).to_have_js_property("value", count)


def test_fifty_votes_by_keyboard_alone(open_as, alice, make_study, assert_accessible, shoot):
    study = make_study(alice, items=50)
    page = open_as(alice, f"/rate/{study.uuid}/")
    assert_accessible(page)
    shoot(page, "rate-en")
    for number in range(50):
        page.keyboard.press("abtx"[number % 4])
        saved(page, number + 1)
    page.wait_for_selector("#nothing-left")
    assert Vote.objects.count() == 50
    assert Vote.objects.filter(layout="columns", lead_time__isnull=False).count() == 50
    assert page.complaints == []


def test_undo_until_the_next_vote(open_as, alice, make_study):
    study = make_study(alice)
    page = open_as(alice, f"/rate/{study.uuid}/")
    question = page.locator(".prompt").inner_text()
    page.keyboard.press("a")
    saved(page, 1)
    page.keyboard.press("u")
    saved(page, 0)
    page.wait_for_selector(".vote.chosen")
    assert page.locator(".prompt").inner_text() == question
    page.keyboard.press("b")
    saved(page, 1)
    assert [vote.choice for vote in Vote.objects.all()] == ["right"]


def test_scores_by_digits_then_the_choice(open_as, alice, make_study, assert_accessible, shoot):
    study = make_study(alice, design="both", dimensions=["accuracy", "fluency"])
    page = open_as(alice, f"/rate/{study.uuid}/", lang="zh-hans")
    assert_accessible(page)
    shoot(page, "rate-both-zh")
    page.keyboard.press("a")
    assert Vote.objects.count() == 0
    page.keyboard.press("Escape")
    for digit in "5421":
        page.keyboard.press(digit)
    page.keyboard.press("a")
    saved(page, 1)
    assert Vote.objects.get().scores == {"left": {"accuracy": 5, "fluency": 4}, "right": {"accuracy": 2, "fluency": 1}}


def test_the_answers_scroll_together(open_as, alice, make_study):
    study = make_study(alice, texts=(LONG, LONG))
    page = open_as(alice, f"/rate/{study.uuid}/")
    page.eval_on_selector("#answer-left", "pane => { pane.scrollTop = 400 }")
    expect(page.locator("#answer-right")).to_have_js_property("scrollTop", 400)


def test_differences_are_marked_on_both_sides_alike(open_as, alice, make_study):
    study = make_study(alice, texts=("The sky is blue today.", "The sea is blue today."))
    page = open_as(alice, f"/rate/{study.uuid}/")
    page.keyboard.press("d")
    assert sorted(page.locator(".pair mark").all_inner_texts()) == ["sea", "sky"]
    page.keyboard.press("d")
    assert page.locator(".pair mark").count() == 0


def test_a_comment_is_kept_over_a_reload(open_as, alice, make_study):
    study = make_study(alice)
    page = open_as(alice, f"/rate/{study.uuid}/")
    page.keyboard.press("c")
    with page.expect_response("**/draft/"):
        page.keyboard.type("half a thought")
    page.reload()
    assert page.locator("#comment").input_value() == "half a thought"


def test_on_a_phone_both_answers_are_looked_at_first(open_as, alice, make_study, shoot, assert_accessible):
    study = make_study(alice)
    page = open_as(alice, f"/rate/{study.uuid}/", width=390, height=800)
    shoot(page, "rate-phone")
    assert_accessible(page)
    better = page.get_by_role("button", name="A is better")
    better.click()
    expect(page.locator("#state")).to_have_text("Look at both answers first.")
    assert Vote.objects.count() == 0
    page.locator("[role=tab][aria-selected=false]").click()
    better.click()
    saved(page, 1)
    assert Vote.objects.get().layout == "tabs"


@pytest.mark.parametrize(("lang", "word"), [("en", "paused"), ("zh-hans", "暂停")])
def test_a_rater_paused_in_the_middle_is_told_so(open_as, admin, alice, make_study, assert_accessible, lang, word):
    study = make_study(alice)
    page = open_as(alice, f"/rate/{study.uuid}/", lang=lang)
    page.keyboard.press("a")
    saved(page, 1)
    set_standing(actor=admin, study=study, member=study.members.get(user=alice), move="pause", reason="too fast")
    page.keyboard.press("b")
    expect(page.locator("#state")).to_contain_text(word)
    expect(page.locator(".vote").first).to_be_disabled()
    assert Vote.objects.count() == 1
    page.reload()
    expect(page.locator("main")).to_contain_text(word)
    assert_accessible(page)


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_closing_and_reading_the_report(open_as, admin, alice, make_study, assert_accessible, shoot, tmp_path, lang):
    study = make_study(alice)
    page = open_as(alice, f"/rate/{study.uuid}/", lang=lang)
    for number, key in enumerate("abtx"):
        page.keyboard.press(key)
        saved(page, number + 1)
    desk = open_as(admin, f"/studies/{study.uuid}/", lang=lang)
    assert_accessible(desk)
    desk.locator("[data-opens=closing]").click()
    desk.locator("#closing [value=close]").click()
    desk.wait_for_url(f"**/studies/{study.uuid}/")
    make_report(study=Study.objects.get())
    desk.reload()
    assert_accessible(desk)
    shoot(desk, f"study-{lang}")
    assert "zircon-7b" in desk.locator("main").inner_text()
    with desk.expect_download() as download:
        desk.locator("a[href$='format=html']").click()
    report = tmp_path / "report.html"
    download.value.save_as(report)
    desk.goto(report.as_uri())
    assert_accessible(desk)
    shoot(desk, f"report-{lang}")
    assert "zircon-7b" in desk.locator("body").inner_text()
    assert desk.locator("html").get_attribute("lang") == lang


@pytest.mark.parametrize("path", ["/studies/new/?rubric=code", "/studies/plan/?judged=scores", "/rate/", "/studies/"])
@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_the_pages_around_a_study_are_accessible(open_as, admin, make_study, alice, assert_accessible, path, lang):
    make_study(alice)
    page = open_as(admin, path, lang=lang)
    assert_accessible(page)
    assert page.complaints == []
