"""Which answers meet, in what order and on which sides. Pure and seeded: the same plan comes out of the same study."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count


@dataclass(frozen=True)
class Unit:
    """One item and one pair of systems, or one system alone (`second` None), by their positions in the study."""

    item: int
    first: int
    second: int | None


@dataclass(frozen=True)
class Sides:
    """One presentation of the unit at `unit` in the plan; `right` None when answers are shown alone."""

    unit: int
    left: int
    right: int | None


def units(
    *, items: int, systems: int, pairwise: bool, seed: int, most: int | None = None, held: frozenset[tuple[int, int]]
) -> list[Unit]:
    """Every item meets every pair once, in rounds: cut anywhere (at `most`), pairs and items stay balanced, as far as
    no answer (item, system) is held back."""
    order = list(range(items))
    random.Random(seed).shuffle(order)  # noqa: S311 - recorded, to be repeated
    meetings: Sequence[tuple[int, int | None]] = (
        rounds(systems) if pairwise else [(one, None) for one in range(systems)]
    )
    planned = []
    for shift in range(len(meetings)):
        for place, item in enumerate(order):
            first, second = meetings[(place + shift) % len(meetings)]
            if (item, first) not in held and (second is None or (item, second) not in held):
                planned.append(Unit(item, first, second))
    return planned if most is None else planned[:most]


def rounds(systems: int) -> list[tuple[int, int]]:
    """All pairs by the circle method: neighbours in the list share no system, so that any stretch is balanced."""
    seats: list[int | None] = [*range(systems)]
    if systems % 2:
        seats.append(None)
    pairs = []
    for _ in range(len(seats) - 1):
        for one, other in zip(seats[: len(seats) // 2], reversed(seats[len(seats) // 2 :]), strict=True):
            if one is not None and other is not None:
                pairs.append((min(one, other), max(one, other)))
        seats = [seats[0], seats[-1], *seats[1:-1]]
    return pairs


def present(plan: Sequence[Unit], *, per_unit: int, seed: int) -> Iterator[Sides]:
    """`per_unit` presentations of each unit, the sides alternating within the pair from a seeded start."""
    starts: dict[tuple[int, int], Iterator[int]] = {}
    toss = random.Random(seed)  # noqa: S311 - recorded, to be repeated
    for place, unit in enumerate(plan):
        for _ in range(per_unit):
            if unit.second is None:
                yield Sides(place, unit.first, None)
                continue
            pair = (unit.first, unit.second)
            if pair not in starts:
                starts[pair] = count(toss.randrange(2))
            swapped = next(starts[pair]) % 2
            yield Sides(place, *(reversed(pair) if swapped else pair))


def imbalance(presentations: Sequence[Sides]) -> int:
    """The largest difference, over the pairs, between how often one and the other stood on the left."""
    left: Counter[tuple[int, int]] = Counter()
    for one in presentations:
        if one.right is not None:
            left[min(one.left, one.right), max(one.left, one.right)] += 1 if one.left < one.right else -1
    return max(map(abs, left.values()), default=0)
