"""The walk itself, the same for every kind, within what the reader may see."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
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


Levels = list[list[Listed]]


@dataclass(frozen=True)
class Lineage:
    node: Node
    up: list[Listed]
    down: list[Listed]
    levels: Levels
    """Everything above, level by level, each thing once, a few of each kind."""

    def shown(self, kind: str) -> set[str]:
        """The ids of all of this kind that the reader was told about."""
        listed = [*self.up, *self.down, *(one for level in self.levels for one in level)]
        nodes = [self.node, *(node for one in listed for node in one.nodes)]
        return {node.id for node in nodes if node.kind == kind}

    below: Levels
    """The same of what rests on it."""
    edges: list[tuple[str, str]]
    """Between the nodes of `levels` and `below`, by `kind/id`: the first rests on the second."""


class Sight:
    """Administrators see all. Readers of a leaderboard see what it rests on, without texts, outputs and names.

    What a visible thing rests on is visible; what rests on it is looked at one by one, and counted only as far as seen.
    """

    def __init__(self, person: Person) -> None:
        self.person = person
        self.reader = Reader(is_admin=isinstance(person, User) and person.is_admin)

    def sees(self, kind: str, found: Any) -> bool:
        if self.reader.is_admin:
            return True
        boards = KINDS[kind].boards(found)
        return boards is not None and readable(self.person).filter(boards).exists()

    def above(self, group: Group) -> Group:
        return group if group.told or self.reader.is_admin else replace(group, found=[])

    def below(self, group: Group) -> Group:
        if self.reader.is_admin or not group.told:
            return self.above(group)
        found = [one for one in group.found if self.sees(group.kind, one)]
        return replace(group, found=found, count=len(found))

    def describe(self, kind: str, found: Any) -> Node:
        return KINDS[kind].describe(found, self.reader)


def lineage(kind: str, key: str, person: Person) -> Lineage:
    """Raises Missing also for what this person may not know exists."""
    sight = Sight(person)
    found = KINDS[kind].find(key, sight.reader) if kind in KINDS else None
    if found is None or not sight.sees(kind, found):
        raise Missing(_("There is no such thing here."))
    node = sight.describe(kind, found)
    above = _Walk(sight, lambda name, one, most: map(sight.above, KINDS[name].up(one, most)))
    below = _Walk(sight, lambda name, one, most: map(sight.below, KINDS[name].down(one, most)))
    return Lineage(
        node=node,
        up=above.listed(kind, found),
        down=below.listed(kind, found),
        levels=above.levels(node, found),
        below=below.levels(node, found),
        edges=[*above.edges, *((later, earlier) for earlier, later in below.edges)],
    )


@dataclass
class _Walk:
    """In one direction, nearest first."""

    sight: Sight
    neighbours: Callable[[str, Any, int], Iterable[Group]]
    edges: list[tuple[str, str]] = field(default_factory=list)

    def listed(self, kind: str, found: Any) -> list[Listed]:
        return [
            Listed(group.kind, group.count, [self.sight.describe(group.kind, one) for one in group.found])
            for group in self.neighbours(kind, found, LISTED)
            if group.count
        ]

    def levels(self, node: Node, found: Any) -> Levels:
        levels: Levels = []
        known, frontier = {node.key}, [(node, found)]
        while frontier and len(levels) < DEEPEST:
            level: dict[str, Listed] = {}
            following: list[tuple[Node, Any]] = []
            for start, one in frontier:
                for group in self.neighbours(start.kind, one, FAN):
                    met = [(self.sight.describe(group.kind, other), other) for other in group.found]
                    self.edges += [(start.key, other.key) for other, _found in met]
                    fresh = [(other, thing) for other, thing in met if other.key not in known]
                    known |= {other.key for other, _thing in fresh}
                    following += fresh
                    _add(level, group, [other for other, _thing in fresh])
            if level:
                levels.append(list(level.values()))
            frontier = following
        return levels


def _add(level: dict[str, Listed], group: Group, fresh: list[Node]) -> None:
    unlisted = group.count - len(group.found)
    if not fresh and not unlisted:
        return
    before = level.get(group.kind, Listed(group.kind, 0, []))
    level[group.kind] = Listed(group.kind, before.count + len(fresh) + unlisted, [*before.nodes, *fresh])
