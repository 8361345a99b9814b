"""The side bar and the home page, put together from what each app says it offers to a person.

Apps are named in settings (WEB_OFFERS), since this package knows none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from sftlab.accounts.models import User


@dataclass(frozen=True)
class Entry:
    """A line of the side bar; `prefix` is the path below which it is the current one."""

    label: str
    url: str
    icon: str
    prefix: str = ""

    def is_current(self, path: str) -> bool:
        return path.startswith(self.prefix or self.url)


@dataclass(frozen=True)
class Card:
    """Something waiting for this person on the home page; one action."""

    title: str
    text: str
    url: str
    action: str
    icon: str
    done: int | None = None
    total: int | None = None
    scripted: bool = False


@dataclass(frozen=True)
class Stage:
    """One stage of the loop for those who look after it: how many there are and how the newest one stands; `hint`
    says what to do while there is none. `place` orders the stages of all apps."""

    place: int
    title: str
    url: str
    icon: str
    count: int
    state: str
    hint: str
    done: int | None = None
    total: int | None = None


@dataclass(frozen=True)
class Offer:
    """What one app offers a person: work to do (shown first) and things to look after."""

    work: list[Entry] = field(default_factory=list)
    manage: list[Entry] = field(default_factory=list)
    cards: Callable[[], list[Card]] = list
    stages: Callable[[], list[Stage]] = list


@cache
def _sources() -> list[Callable[[User], Offer]]:
    return [import_string(name) for name in settings.WEB_OFFERS]


def offers(user: User) -> list[Offer]:
    return [source(user) for source in _sources()]


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor: the side bar's entries, the current one marked."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {}
    found = offers(user)
    entries = {
        "work": [entry for offer in found for entry in offer.work],
        "manage": [entry for offer in found for entry in offer.manage],
    }
    current = max(
        (entry for group in entries.values() for entry in group if entry.is_current(request.path)),
        key=lambda entry: len(entry.prefix or entry.url),
        default=None,
    )
    return {"navigation": entries, "navigation_current": current}
