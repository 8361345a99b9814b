"""How well metrics agree with people: correlations over answers, over compared pairs, and over models. Pure.

Item level follows what people were asked: where they scored answers, a metric's value against the mean score of each
answer; where they compared, the metric's difference between the two answers against the share of votes for the first
less that for the second (Kendall's tau on pairs is how WMT's segment level has been judged). Intervals resample items,
since answers to one item are not independent. System level has as many points as there are models, so it has no
interval and is left out below three.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Level = Literal["item", "system"]
Floats = NDArray[np.float64]

RESAMPLES = 300
FEWEST = 3
TOO_FEW = "too_few"
NO_VARIANCE = "no_variance"


@dataclass(frozen=True)
class Point:
    """One answer, pair or model: the metric's number and the people's. `item` groups what is resampled together."""

    item: str
    metric: float
    human: float


@dataclass(frozen=True)
class Coefficient:
    """`value` is null with the `reason`: too_few, no_variance."""

    value: float | None
    low: float | None = None
    high: float | None = None
    reason: str = ""


@dataclass(frozen=True)
class Correlation:
    """`judged` is "choice" or a dimension of the scores; a metric where less is better has its sign turned."""

    study: str
    metric: str
    language: str
    judged: str
    level: Level
    n: int
    pearson: Coefficient
    spearman: Coefficient
    kendall: Coefficient
    resamples: int
    seed: int


def coefficients(points: Sequence[Point], *, level: Level, seed: int) -> tuple[Coefficient, Coefficient, Coefficient]:
    """Pearson, Spearman and Kendall's tau-b."""
    x, y = (np.array([getattr(point, side) for point in points]) for side in ("metric", "human"))
    if len(points) < FEWEST:
        nothing = Coefficient(None, reason=TOO_FEW)
        return nothing, nothing, nothing
    values = _three(x, y)
    if np.isnan(values).any():
        nothing = Coefficient(None, reason=NO_VARIANCE)
        return nothing, nothing, nothing
    if level == "system":
        return tuple(Coefficient(float(value)) for value in values)  # type: ignore[return-value]  # three of them
    drawn = _resampled([point.item for point in points], x, y, seed)
    found = [_with_interval(float(value), drawn[:, place]) for place, value in enumerate(values)]
    return found[0], found[1], found[2]


def _three(x: Floats, y: Floats) -> Floats:
    """NaN where a side does not vary."""
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.full(3, np.nan)
    ranks = stats.rankdata(x), stats.rankdata(y)
    pearson, spearman = (float(np.corrcoef(*sides)[0, 1]) for sides in ((x, y), ranks))
    return np.array([pearson, spearman, float(stats.kendalltau(x, y).statistic)])


def _resampled(items: Sequence[str], x: Floats, y: Floats, seed: int) -> Floats:
    rng = np.random.default_rng(seed)
    codes = np.unique(items, return_inverse=True)[1]
    members = [np.flatnonzero(codes == code) for code in range(int(codes.max()) + 1)]
    found = np.empty((RESAMPLES, 3))
    for row in range(RESAMPLES):
        chosen = np.concatenate([members[place] for place in rng.integers(0, len(members), len(members))])
        found[row] = _three(x[chosen], y[chosen])
    return found


def _with_interval(value: float, drawn: Floats) -> Coefficient:
    """Without an interval when too many resamples did not vary."""
    known = drawn[~np.isnan(drawn)]
    if len(known) < 0.9 * len(drawn):
        return Coefficient(value)
    low, high = np.quantile(known, [0.025, 0.975])
    return Coefficient(value, float(low), float(high))
