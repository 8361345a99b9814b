"""A real Chromium against a real server. Without one, these tests are left out, and the run says so in one line."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = (
    "true"  # Playwright's loop runs in this thread; the ORM is used between its calls
)
PASSWORD = "a long enough passphrase"
SWITCHES = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions"),
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=_chromium(), args=SWITCHES)
        yield found
        found.close()


def _chromium() -> str | None:
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture
def open_as(browser: Browser, live_server, client) -> Iterator[Callable[..., Page]]:
    """`open_as(alice, "/path/", lang="zh-hans")` is a page on which alice is logged in."""
    contexts = []

    def open_page(user, path: str = "/", *, lang: str = "en", width: int = 1280, height: int = 860) -> Page:
        context = browser.new_context(
            locale=lang, viewport={"width": width, "height": height}, base_url=live_server.url
        )
        contexts.append(context)
        cookies = [{"name": "django_language", "value": lang, "url": live_server.url}]
        if user is not None:
            client.force_login(user, backend="sftlab.accounts.backends.PasswordBackend")
            cookies.append({"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url})
        context.add_cookies(cookies)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.complaints = []  # what the console says; a page that breaks its own CSP says it here
        page.on("console", lambda message: message.type == "error" and page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def assert_accessible() -> Callable[[Page], None]:
    """No serious or critical finding of axe."""

    def check(page: Page) -> None:
        found = Axe().run(page).response["violations"]
        serious = [
            f"{v['id']}: {v['nodes'][0]['html'][:200]} {v['nodes'][0].get('failureSummary', '')[:300]}"
            for v in found
            if v["impact"] in {"serious", "critical"}
        ]
        assert not serious, "\n".join(serious)

    return check


@pytest.fixture
def shoot(request: pytest.FixtureRequest) -> Callable[[Page, str], None]:
    """Keep a screenshot in $SHOTS, when it is set, for people to look at."""

    def take(page: Page, name: str) -> None:
        if folder := os.environ.get("SHOTS"):
            Path(folder).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)

    return take
