"""What a lineage is made of: nodes, what each rests on (up) and what rests on it (down)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models


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
    def key(self) -> tuple[str, str]:
        return self.kind, self.id


@dataclass(frozen=True)
class Group:
    """Neighbours of one kind: all are counted, some are listed."""

    kind: str
    count: int
    found: list[Any]


@dataclass(frozen=True)
class Reader:
    """Who asks: names of people and texts are for administrators."""

    is_admin: bool


Neighbours = Callable[[Any, int], Iterable[Group]]


@dataclass(frozen=True)
class Kind:
    name: str
    find: Callable[[str], Any]
    """None when there is none."""
    describe: Callable[[Any, Reader], Node]
    up: Neighbours
    down: Neighbours
    open: bool = True
    """Whether readers of a leaderboard may look at it; texts and people are for administrators."""


def some(kind: str, found: "models.QuerySet[Any]", most: int) -> Group:
    return Group(kind, found.count(), list(found[:most]))


def one(kind: str, found: Any) -> list[Group]:
    return [Group(kind, 1, [found])] if found is not None else []


def nothing(_obj: Any, _most: int) -> list[Group]:
    return []


def known(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not there."""
    return {name: value for name, value in facts.items() if value not in (None, "", {}, [])}
