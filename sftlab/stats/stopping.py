"""During a study: which systems are told apart, however often one looks, and what the open pairs still need.

The rule is a confidence sequence: an interval for each difference of strengths that covers at all times at once, so
that looking after every vote and stopping at will keeps the level. It is the normal mixture of Robbins 1970 with the
clustered standard error in place of a known one, an asymptotic confidence sequence (Waudby-Smith, Arbour, Sinha,
Kennedy & Ramdas 2024). All pairs at once by Bonferroni. With few clusters the normal boundary becomes that of t.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil, exp, inf, log, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_ndtr, stdtrit

from sftlab.stats.ranking import Ranking
from sftlab.stats.vote_covariance import FEW_CLUSTERS, Covariance

LEAST_ERROR = 1e-3


class State(StrEnum):
    SEPARATED = "separated"
    EQUIVALENT = "equivalent"
    OPEN = "open"


@dataclass(frozen=True)
class StopRule:
    """`typical_difference`: the size of strength difference at which the rule is sharpest; fixed before the first look.

    `margin`: differences within it do not matter; None if every difference does.
    """

    confidence: float = 0.95
    typical_difference: float = 0.5
    margin: float | None = None

    def critical(self, error: float, pairs: int, degrees: float) -> float:
        """How many standard errors a difference must reach."""
        alpha = (1 - self.confidence) / max(1, pairs)
        known = (self.typical_difference / error) ** 2
        normal = sqrt((1 + 1 / known) * log((1 + known) / alpha**2))
        return normal if degrees == inf else _stretched(normal, degrees)


DEFAULT_RULE = StopRule()


@dataclass(frozen=True)
class PairState:
    """`low` and `high` cover `difference` (of `first` less `second`) at all looks at once.

    `more_votes` on this pair would end it if the difference stays as it is; None if they would be too many to name.
    """

    first: str
    second: str
    difference: float
    low: float
    high: float
    state: State
    more_votes: int | None


@dataclass(frozen=True)
class Verdict:
    stop: bool
    pairs: tuple[PairState, ...]


def verdict(ranking: Ranking, rule: StopRule = DEFAULT_RULE) -> Verdict:
    """Stops when no pair is open. No verdict while undetermined, or with fewer than ten raters or items."""
    parameters, covariance, independent = ranking.parameters, ranking.covariance, ranking.independent
    if parameters is None or covariance is None or independent is None or covariance.degrees < FEW_CLUSTERS - 1:
        return Verdict(stop=False, pairs=())
    first, second = np.triu_indices(len(ranking.names), k=1)
    looks = _Looks(rule, len(first), covariance.degrees, exp(parameters[-1]) if ranking.ties else 0.0)
    pairs = [
        looks.pair(
            (ranking.names[a], ranking.names[b]),
            float(parameters[a] - parameters[b]),
            difference_error(covariance, a, b),
            difference_error(independent, a, b),
        )
        for a, b in zip(first.tolist(), second.tolist(), strict=True)
    ]
    return Verdict(all(pair.state is not State.OPEN for pair in pairs), tuple(pairs))


def difference_error(covariance: Covariance, first: int, second: int) -> float:
    matrix = covariance.matrix
    return sqrt(max(float(matrix[first, first] + matrix[second, second] - 2 * matrix[first, second]), 1e-12))


@dataclass(frozen=True)
class _Looks:
    """`tie` is the odds of a tie between equals."""

    rule: StopRule
    pairs: int
    degrees: float
    tie: float

    def half_width(self, error: float) -> float:
        return self.rule.critical(error, self.pairs, self.degrees) * error

    def pair(self, names: tuple[str, str], difference: float, error: float, independent: float) -> PairState:
        half = self.half_width(error)
        low, high = difference - half, difference + half
        state = _state(low, high, self.rule.margin)
        more = self.more_votes(difference, error, independent) if state is State.OPEN else 0
        return PairState(*names, difference, low, high, state, more)

    def more_votes(self, difference: float, error: float, independent: float) -> int | None:
        """Votes on the pair itself, each telling as much less than an independent one as the votes so far did."""
        wanted = abs(difference)
        if self.rule.margin is not None:
            wanted = max(wanted, self.rule.margin - wanted)
        if self.half_width(LEAST_ERROR) > wanted:
            return None
        target = brentq(
            lambda log_error: self.half_width(exp(log_error)) - wanted, log(LEAST_ERROR), log(error), xtol=1e-3
        )
        per_vote = pair_information(difference, self.tie) * (independent / error) ** 2
        return max(1, ceil((exp(-2 * target) - error**-2) / per_vote))


def pair_information(difference: float, tie: float) -> float:
    """What one vote on the pair tells about its difference, sides even."""
    win, loss = exp(difference / 2), exp(-difference / 2)
    total = win + loss + tie
    return ((win + loss) / total - ((win - loss) / total) ** 2) / 4


def _stretched(normal: float, degrees: float) -> float:
    """The t quantile with the same tail."""
    return float(-stdtrit(degrees, exp(log_ndtr(-normal))))


def _state(low: float, high: float, margin: float | None) -> State:
    if low > 0 or high < 0:
        return State.SEPARATED
    if margin is not None and max(-low, high) < margin:
        return State.EQUIVALENT
    return State.OPEN
