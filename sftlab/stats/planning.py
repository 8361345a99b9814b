"""Before a study: how many votes or scores show a difference of a given size.

Normal approximations, as for one proportion against a half (Fleiss, Levin & Paik 2003, chapter 4) and for a mean of
paired differences. Votes that share raters and items tell less than independent ones: `design_effect` is the factor by
which that widens variances (Kish 1965), and `observed_design_effect` takes it from a study that is already there.
"""

from dataclasses import dataclass
from math import ceil, comb, sqrt

import numpy as np
from scipy.special import ndtr, ndtri

from sftlab.stats.arrays import Floats
from sftlab.stats.vote_covariance import Covariance


@dataclass(frozen=True)
class Aim:
    """What the study is to be sure of. `comparisons` is how many pairs of systems are judged at once (Bonferroni)."""

    power: float = 0.8
    confidence: float = 0.95
    comparisons: int = 1
    design_effect: float = 1.0

    @classmethod
    def for_systems(cls, systems: int, *, power: float = 0.8, design_effect: float = 1.0) -> "Aim":
        """Every pair of `systems` is to be told apart."""
        return cls(power=power, comparisons=max(1, comb(systems, 2)), design_effect=design_effect)

    @property
    def critical(self) -> float:
        return float(ndtri(1 - (1 - self.confidence) / (2 * self.comparisons)))


DEFAULT_AIM = Aim()


def votes_for_win_rate(win_rate: float, *, tie_rate: float = 0.0, aim: Aim = DEFAULT_AIM) -> int:
    """Votes on one pair that show a system winning `win_rate` of the votes that are not ties."""
    lead, without, with_ = _vote_moments(win_rate, tie_rate)
    needed = ((aim.critical * without + float(ndtri(aim.power)) * with_) / lead) ** 2
    return ceil(needed * aim.design_effect)


def power_of_votes(votes: int, win_rate: float, *, tie_rate: float = 0.0, aim: Aim = DEFAULT_AIM) -> float:
    """The chance that so many votes on one pair show it; `aim.power` is not used."""
    lead, without, with_ = _vote_moments(win_rate, tie_rate)
    return float(ndtr((lead * sqrt(votes / aim.design_effect) - aim.critical * without) / with_))


def units_for_mean_difference(
    difference: float, *, deviation: float, correlation: float = 0.0, aim: Aim = DEFAULT_AIM
) -> int:
    """Units scored for both systems that show a difference of means.

    `deviation` is that of one score, `correlation` how alike the scores of two systems on one unit are.
    """
    if difference <= 0 or deviation <= 0:
        raise ValueError("difference and deviation must be positive")
    spread = 2 * deviation**2 * (1 - correlation)
    return ceil(spread * ((aim.critical + float(ndtri(aim.power))) / difference) ** 2 * aim.design_effect)


def power_of_scores(
    units: int, difference: float, *, deviation: float, correlation: float = 0.0, aim: Aim = DEFAULT_AIM
) -> float:
    """The chance that so many units scored for both systems show it; `aim.power` is not used."""
    error = sqrt(2 * deviation**2 * (1 - correlation) * aim.design_effect / units)
    return float(ndtr(difference / error - aim.critical))


def observed_design_effect(clustered: Covariance, independent: Covariance, systems: int) -> float:
    """The variance of strength differences with clustering over that without, averaged over pairs."""
    ratios = _difference_variances(clustered, systems) / _difference_variances(independent, systems)
    return float(ratios.mean())


def _difference_variances(covariance: Covariance, systems: int) -> Floats:
    matrix = covariance.matrix[:systems, :systems]
    first, second = np.triu_indices(systems, k=1)
    return np.asarray(matrix[first, first] + matrix[second, second] - 2 * matrix[first, second])


def _vote_moments(win_rate: float, tie_rate: float) -> tuple[float, float, float]:
    """Of a vote worth 1, 0 or −1: its mean, and its standard deviation with no lead and with this one."""
    if not 0.5 < win_rate < 1 or not 0 <= tie_rate < 1:
        raise ValueError("win_rate must lie between 0.5 and 1, tie_rate between 0 and 1")
    decided = 1 - tie_rate
    lead = decided * (2 * win_rate - 1)
    return lead, sqrt(decided), sqrt(decided - lead**2)
