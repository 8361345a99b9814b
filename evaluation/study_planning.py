"""Before a study: how many votes show a difference of a given size. Pure."""

from dataclasses import asdict, dataclass
from math import ceil, comb
from typing import Any

from sftlab.stats.planning import Aim, power_of_votes, votes_for_win_rate

DESIGN_EFFECT = 2.0
"""How much less votes tell that share raters and items, where no earlier study says."""


@dataclass(frozen=True)
class Plan:
    """`items`: how many, each judged by `raters_per_unit`, give every pair its votes."""

    systems: int
    pairs: int
    votes_per_pair: int
    votes: int
    items: int
    power_at_half: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def plan(
    *,
    systems: int,
    win_rate: float,
    tie_rate: float,
    power: float,
    raters_per_unit: int,
    design_effect: float = DESIGN_EFFECT,
) -> Plan:
    """`win_rate`: of the votes that are not ties. Every pair is to be told apart, all at once."""
    aim = Aim.for_systems(systems, power=power, design_effect=design_effect)
    per_pair = votes_for_win_rate(win_rate, tie_rate=tie_rate, aim=aim)
    pairs = comb(systems, 2)
    return Plan(
        systems=systems,
        pairs=pairs,
        votes_per_pair=per_pair,
        votes=pairs * per_pair,
        items=ceil(per_pair / raters_per_unit),
        power_at_half=power_of_votes(ceil(per_pair / 2), win_rate, tie_rate=tie_rate, aim=aim),
    )
