"""The frame around every page: log-in, language, light and dark, a phone."""

import pytest

from sftlab.accounts.services import create_user
from tests.browser.conftest import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def person():
    return create_user(actor=None, username="lin", password=PASSWORD)


def test_a_person_logs_in_by_keyboard(open_as, person):
    page = open_as(None, "/")
    page.keyboard.type("lin")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Hello, lin").wait_for()
    assert page.complaints == []


def test_a_wrong_password_is_said_in_words(open_as, person):
    page = open_as(None, "/accounts/login/")
    page.fill("#id_username", "lin")
    page.fill("#id_password", "something else")
    page.keyboard.press("Enter")
    assert "The name or the password is wrong." in page.get_by_role("alert").inner_text()


def test_the_language_switch_stays_with_the_person(open_as, person):
    page = open_as(person, "/")
    page.get_by_role("button", name="中文").first.click()
    page.get_by_role("heading", name="lin").wait_for()
    assert page.locator("html").get_attribute("lang") == "zh-hans"
    person.refresh_from_db()
    assert person.language == "zh-hans"


def test_dark_stays_dark_after_a_reload(open_as, person):
    page = open_as(person, "/")
    page.get_by_role("button", name="Light or dark").first.click()
    chosen = page.locator("html").get_attribute("data-theme")
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == chosen


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["/", "/accounts/profile/", "/accounts/people/"])
def test_the_frame_is_accessible(open_as, admin, assert_accessible, shoot, path, width, lang):
    page = open_as(admin, path, lang=lang, width=width)
    assert_accessible(page)
    shoot(page, f"frame{path.replace('/', '_')}{width}_{lang}")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert page.complaints == []
