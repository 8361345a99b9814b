"""What a lineage is made of: nodes, what each rests on (up) and what rests on it (down)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.db.models import Q


@dataclass(frozen=True)
class Node:
    kind: str
    id: str
    label: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    scripted: bool = False
    marks: tuple[str, ...] = ()
    """Such as `withdrawn`."""

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.id}"


@dataclass(frozen=True)
class Group:
    """Neighbours of one kind: all are counted, some are listed."""

    kind: str
    count: int
    found: list[Any]
    told: bool = True
    """False where which ones they are is for administrators: others get the count."""


@dataclass(frozen=True)
class Reader:
    """Who asks: texts and names of people are for administrators."""

    is_admin: bool


Neighbours = Callable[[Any, int], Iterable[Group]]


def nobody(_found: Any) -> Q | None:
    return None


@dataclass(frozen=True)
class Kind:
    name: str
    find: Callable[[str, Reader], Any]
    """None when there is none."""
    describe: Callable[[Any, Reader], Node]
    up: Neighbours
    down: Neighbours
    boards: Callable[[Any], Q | None] = nobody
    """The leaderboards that rest on it, whose readers may look at it; None: administrators only."""


def some(kind: str, found: "models.QuerySet[Any]", most: int, *, told: bool = True) -> Group:
    listed = list(found[: most + 1])
    return Group(kind, len(listed) if len(listed) <= most else found.count(), listed[:most], told)


def one(kind: str, found: Any) -> list[Group]:
    return [Group(kind, 1, [found])] if found is not None else []


def nothing(_obj: Any, _most: int) -> list[Group]:
    return []


def known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not there."""
    return {name: value for name, value in facts.items() if value not in (None, "", {}, [])}
