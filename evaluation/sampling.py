"""A stratified sample of an evaluation set, and how well it stands for the set. Pure and seeded."""

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import TypedDict

Stratum = tuple[str, ...]


class Share(TypedDict):
    stratum: list[str]
    in_set: int
    in_sample: int
    set_share: float
    sample_share: float


class Representation(TypedDict):
    items: int
    sampled: int
    strata: list[Share]
    largest_gap: float


def sample(strata: Sequence[Stratum], *, size: int | None, seed: int) -> list[int]:
    """Positions of the chosen items, ascending: each stratum by its share, remainders to the largest fractions."""
    if size is None or size >= len(strata):
        return list(range(len(strata)))
    members: dict[Stratum, list[int]] = defaultdict(list)
    for position, stratum in enumerate(strata):
        members[stratum].append(position)
    draw = random.Random(seed)  # noqa: S311 - recorded, to be repeated
    seats = _seats({stratum: len(found) for stratum, found in members.items()}, size)
    return sorted(position for stratum in sorted(members) for position in draw.sample(members[stratum], seats[stratum]))


def _seats(sizes: dict[Stratum, int], seats: int) -> dict[Stratum, int]:
    """Hamilton's method: whole quotas first, then one each to the largest remainders."""
    whole = sum(sizes.values())
    quota = {stratum: divmod(size * seats, whole) for stratum, size in sizes.items()}
    given = {stratum: floor for stratum, (floor, _) in quota.items()}
    by_remainder = sorted(quota, key=lambda stratum: (-quota[stratum][1], stratum))
    for stratum in by_remainder[: seats - sum(given.values())]:
        given[stratum] += 1
    return given


def representation(strata: Sequence[Stratum], chosen: Sequence[int]) -> Representation:
    """Each stratum's share of the set and of the sample; `largest_gap` is the largest difference of the two."""
    in_set, in_sample = Counter(strata), Counter(strata[position] for position in chosen)
    shares = [
        Share(
            stratum=list(stratum),
            in_set=in_set[stratum],
            in_sample=in_sample[stratum],
            set_share=in_set[stratum] / len(strata),
            sample_share=in_sample[stratum] / max(len(chosen), 1),
        )
        for stratum in sorted(in_set)
    ]
    gaps = [abs(share["set_share"] - share["sample_share"]) for share in shares]
    return Representation(items=len(strata), sampled=len(chosen), strata=shares, largest_gap=max(gaps, default=0.0))
