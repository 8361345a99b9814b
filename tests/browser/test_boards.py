"""A leaderboard and the lineage of its numbers, as people read them: on a screen, on a phone, printed."""

import pytest

from evaluation.services.leaderboards import build_snapshot
from tests.evaluation.factories import PERFECT, make_evaluation, make_model, score_here, upload
from tests.evaluation.worlds import make_world

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def world(admin, alice):
    made = make_world(admin, alice, visibility="public")
    third = make_model(admin, "third")
    evaluation = make_evaluation(admin, made.board.evalset, third)
    upload(admin, evaluation, third, {key: text[: 2 * len(text) // 3] for key, text in PERFECT.items()})
    score_here(evaluation)
    build_snapshot(leaderboard=made.board)
    made.board.refresh_from_db()
    return made


def names(page):
    return [row.inner_text().splitlines()[0] for row in page.locator("#board tbody tr:visible td:nth-child(2)").all()]


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("zh-hans", 390)])
def test_a_board_is_sorted_filtered_and_read(open_as, assert_accessible, shoot, world, lang, width):
    page = open_as(None, "/leaderboards/board/?language=en", lang=lang, width=width)
    page.locator("th button", has_text="BLEU").first.click()
    assert names(page)[0].startswith("tuned")
    page.locator("th button", has_text="BLEU").first.click()
    assert names(page)[-1].startswith("tuned")
    page.fill("#search", "third")
    assert names(page) == ["third"]
    assert page.locator("#shown").inner_text() == "1 / 3"
    page.fill("#search", "")
    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []
    shoot(page, f"board-{lang}-{width}")


def test_printed_it_is_the_table_without_its_tools(open_as, shoot, world):
    page = open_as(None, "/leaderboards/board/")
    page.emulate_media(media="print")
    assert not page.locator("form.filters").is_visible()
    assert not page.locator("nav.tabs").is_visible()
    table = page.locator("#board").bounding_box()
    assert page.locator("section:has(#board)").evaluate("one => getComputedStyle(one).overflowX") == "visible"
    assert table["width"] <= 1280
    shoot(page, "board-print")


@pytest.mark.parametrize(("lang", "width"), [("en", 1280), ("zh-hans", 390)])
def test_one_clicks_from_a_strength_to_the_votes_and_on(open_as, assert_accessible, shoot, world, admin, lang, width):
    page = open_as(admin, "/leaderboards/board/", lang=lang, width=width)
    page.locator("#board tbody tr", has_text="tuned").locator("a[href*='/lineage/standing/']").first.click()
    page.wait_for_url("**/lineage/standing/**")
    paths = page.locator(".edges path")
    assert paths.count() > 4
    shoot(page, f"lineage-{lang}-{width}")
    assert_accessible(page)
    page.locator(".levels a.node[href*='/lineage/vote/']").first.click()
    page.wait_for_url("**/lineage/vote/**")
    assert page.locator(".levels a.node", has_text="alice").count() == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.complaints == []


def test_the_lines_of_a_node_light_up(open_as, world, admin):
    page = open_as(admin, f"/lineage/row/{world.kinds()['row']}/")
    page.locator(".levels .node.current").hover()
    assert page.locator(".edges path.lit").count() >= 2
    assert page.locator(".levels a.node[href*='/lineage/leaderboard/']").count() == 1


def test_settings_are_read_in_both_languages(open_as, assert_accessible, shoot, world, admin):
    for lang, width in (("en", 1280), ("zh-hans", 390)):
        page = open_as(admin, "/leaderboards/board/settings/", lang=lang, width=width)
        assert_accessible(page)
        shoot(page, f"settings-{lang}-{width}")
