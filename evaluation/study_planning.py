"""Before a study: how many votes or scores show a difference of a given size. Pure."""

from dataclasses import asdict, dataclass
from math import ceil, comb
from typing import Any

from sftlab.stats.planning import Aim, power_of_scores, power_of_votes, units_for_mean_difference, votes_for_win_rate

DESIGN_EFFECT = 2.0
"""How much less votes tell that share raters and items, where no earlier study says."""


@dataclass(frozen=True)
class Plan:
    """`each` is how many ratings a pair of systems needs when two answers are compared, a system when one is scored;
    `times` how many pairs or systems there are. `items`: how many, each judged by `raters_per_unit`, give all of them
    theirs."""

    compares: bool
    each: int
    times: int
    items: int
    power_at_half: float
    design_effect: float

    @property
    def ratings(self) -> int:
        return self.each * self.times

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"ratings": self.ratings}


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
    each = votes_for_win_rate(win_rate, tie_rate=tie_rate, aim=aim)
    half = power_of_votes(ceil(each / 2), win_rate, tie_rate=tie_rate, aim=aim)
    return Plan(True, each, comb(systems, 2), ceil(each / raters_per_unit), half, design_effect)


def plan_scores(
    *,
    systems: int,
    difference: float,
    deviation: float,
    power: float,
    raters_per_unit: int,
    design_effect: float = DESIGN_EFFECT,
) -> Plan:
    """Every two systems' means are to be told apart, all at once; scores of one item are taken to be unlike."""
    aim = Aim.for_systems(systems, power=power, design_effect=design_effect)
    each = units_for_mean_difference(difference, deviation=deviation, aim=aim)
    half = power_of_scores(ceil(each / 2), difference, deviation=deviation, aim=aim)
    return Plan(False, each, systems, ceil(each / raters_per_unit), half, design_effect)
