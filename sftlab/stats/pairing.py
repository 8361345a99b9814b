"""Which pair to show next: the one whose vote tells most, with some chance for every other.

The chances depend on past votes only. Given those, the likelihood of the votes is the same as under even pairing, so
the fit needs no correction for the choice (ignorable sampling, Rubin 1976); record the chances with the unit.
"""

from dataclasses import dataclass

import numpy as np

from sftlab.stats.ranking import Ranking
from sftlab.stats.stopping import DEFAULT_RULE, State, StopRule, difference_error, pair_information, verdict

EVEN_SHARE = 0.25


@dataclass(frozen=True)
class PairChance:
    first: str
    second: str
    chance: float


def pair_chances(ranking: Ranking, rule: StopRule = DEFAULT_RULE) -> tuple[PairChance, ...]:
    """For every pair. A quarter of the draws is even; the rest goes to open pairs, by how much a vote narrows them.

    Even throughout while the votes give no verdict, and again when no pair is open.
    """
    first, second = np.triu_indices(len(ranking.names), k=1)
    states = verdict(ranking, rule).pairs
    gains = np.zeros(len(first))
    if states and ranking.covariance is not None and ranking.parameters is not None:
        tie = float(np.exp(ranking.parameters[-1])) if ranking.ties else 0.0
        for index, (a, b, state) in enumerate(zip(first.tolist(), second.tolist(), states, strict=True)):
            if state.state is State.OPEN:
                variance = difference_error(ranking.covariance, a, b) ** 2
                told = pair_information(state.difference, tie)
                gains[index] = variance * told / (1 + variance * told) * variance
    even = np.full(len(first), 1 / max(1, len(first)))
    chances = even if gains.sum() == 0 else EVEN_SHARE * even + (1 - EVEN_SHARE) * gains / gains.sum()
    return tuple(
        PairChance(ranking.names[a], ranking.names[b], float(chance))
        for a, b, chance in zip(first, second, chances, strict=True)
    )
