"""The walk itself, the same for every kind, within what the reader may see."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _

from evaluation.lineage import data, people, results
from evaluation.lineage.nodes import Group, Kind, Node, Reader
from evaluation.selectors.leaderboards import Reader as Person
from evaluation.selectors.leaderboards import readable
from sftlab.accounts.models import User
from sftlab.errors import Missing

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*results.KINDS, *data.KINDS, *people.KINDS)}
LISTED = 50
FAN = 6
DEEPEST = 12


@dataclass(frozen=True)
class Listed:
    """Neighbours of one kind. Those that the reader may not look at are counted only."""

    kind: str
    count: int
    nodes: list[Node]


@dataclass(frozen=True)
class Lineage:
    node: Node
    up: list[Listed]
    down: list[Listed]
    levels: list[list[Listed]]
    """Everything above, level by level, each thing once, a few of each kind."""


class Sight:
    """Administrators see all; readers of a leaderboard what it rests on, without texts and people."""

    def __init__(self, person: Person) -> None:
        self.person = person
        self.reader = Reader(is_admin=isinstance(person, User) and person.is_admin)

    def sees(self, kind: str, found: Any) -> bool:
        return self.reader.is_admin or (KINDS[kind].open and (kind, str(found.uuid)) in self._reach)

    def describe(self, kind: str, found: Any) -> Node:
        return KINDS[kind].describe(found, self.reader)

    @cached_property
    def _reach(self) -> set[tuple[str, str]]:
        frontier: list[tuple[str, Any]] = [("leaderboard", board) for board in readable(self.person)]
        known: set[tuple[str, str]] = set()
        while frontier:
            kind, found = frontier.pop()
            key = (kind, str(found.uuid))
            if key in known:
                continue
            known.add(key)
            if kind == "system":
                known |= {("score", str(uuid)) for uuid in found.scores.values_list("uuid", flat=True)}
            for group in KINDS[kind].up(found, LISTED):
                if KINDS[group.kind].open:
                    frontier += [(group.kind, one) for one in group.found]
        return known


def lineage(kind: str, key: str, person: Person) -> Lineage:
    """Raises Missing also for what this person may not know exists."""
    sight = Sight(person)
    found = KINDS[kind].find(key) if kind in KINDS else None
    if found is None or not sight.sees(kind, found):
        raise Missing(_("There is no such thing here."))
    rules = KINDS[kind]
    return Lineage(
        node=sight.describe(kind, found),
        up=_listed(rules.up(found, LISTED), sight),
        down=_listed(rules.down(found, LISTED), sight),
        levels=_levels(kind, found, sight),
    )


def _listed(groups: Iterable[Group], sight: Sight) -> list[Listed]:
    found = [Listed(group.kind, group.count, _nodes(group, sight)) for group in groups if group.count]
    return [one for one in found if one.nodes or not KINDS[one.kind].open]


def _nodes(group: Group, sight: Sight) -> list[Node]:
    return [sight.describe(group.kind, one) for one in group.found if sight.sees(group.kind, one)]


def _levels(kind: str, found: Any, sight: Sight) -> list[list[Listed]]:
    levels: list[list[Listed]] = []
    known = {(kind, str(found.uuid))}
    frontier: list[tuple[str, Any]] = [(kind, found)]
    while frontier and len(levels) < DEEPEST:
        level: dict[str, Listed] = {}
        following: list[tuple[str, Any]] = []
        for name, one in frontier:
            for group in KINDS[name].up(one, FAN):
                fresh = [other for other in group.found if (group.kind, str(other.uuid)) not in known]
                known |= {(group.kind, str(other.uuid)) for other in fresh}
                seen = [other for other in fresh if sight.sees(group.kind, other)]
                following += [(group.kind, other) for other in seen]
                _add(level, group, fresh, [sight.describe(group.kind, other) for other in seen])
        if level:
            levels.append(list(level.values()))
        frontier = following
    return levels


def _add(level: dict[str, Listed], group: Group, fresh: list[Any], nodes: list[Node]) -> None:
    unlisted = group.count - len(group.found)
    if not fresh and not unlisted:
        return
    before = level.get(group.kind, Listed(group.kind, 0, []))
    level[group.kind] = Listed(group.kind, before.count + len(fresh) + unlisted, [*before.nodes, *nodes])
