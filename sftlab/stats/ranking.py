"""The ranking of systems from blind votes, with everything needed to say how sure it is."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp

import numpy as np

from sftlab.stats.arrays import Floats
from sftlab.stats.davidson import Model, Terms, fit
from sftlab.stats.determinacy import undetermined
from sftlab.stats.rank_sets import rank_sets
from sftlab.stats.reasons import Reason, gettext_noop
from sftlab.stats.vote_bootstrap import RESAMPLES, bootstrap
from sftlab.stats.vote_covariance import Covariance, model_based, sandwich
from sftlab.stats.votes import TIED, Votes

NO_TIES = Reason(gettext_noop("No vote is a tie."))
ORDER_NOT_FITTED = Reason(gettext_noop("The order effect was left out of the model as asked."))
ORDER_UNKNOWN = Reason(
    gettext_noop("These votes cannot tell an order effect from strength, so the ranking assumes there is none.")
)
TOO_FEW_FOR_BOOTSTRAP = Reason(
    gettext_noop("More than one resample in twenty had no finite ranking: too few votes for bootstrap intervals.")
)
ONE_RATER = Reason(gettext_noop("All votes are by one rater, so the intervals cannot speak for other raters."))
LARGEST_EXPONENT = 700.0


class Method(StrEnum):
    MODEL = "model"
    SANDWICH = "sandwich"
    BOOTSTRAP = "bootstrap"


@dataclass(frozen=True)
class Estimate:
    """All None where the votes do not determine it; `reason` says why."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: Reason | None = None


@dataclass(frozen=True)
class System:
    """`strength` is the log, the mean over systems being 0; `ranks` the best and the worst that the votes allow."""

    name: str
    strength: float | None
    low: float | None
    high: float | None
    ranks: tuple[int, int]
    votes: int


@dataclass(frozen=True)
class Made:
    """How the intervals were made."""

    method: Method
    confidence: float
    resamples: int
    seed: int


@dataclass(frozen=True)
class Ranking:
    """`systems` from strongest to weakest.

    `tie` is Davidson's ν: between equals, the odds of a tie against the win of one of them. `first_position` is the log
    odds that being shown on the left adds. `parameters` are the strengths in the order of `names`, then first position,
    then log tie; `covariance` is theirs by the method asked for, `independent` what it were if votes were independent.
    """

    systems: tuple[System, ...]
    tie: Estimate
    first_position: Estimate
    determined: bool
    reason: Reason | None
    interval_reason: Reason | None
    made: Made
    votes: int
    ties: int
    both_bad: int
    names: tuple[str, ...]
    parameters: Floats | None = None
    covariance: Covariance | None = None
    independent: Covariance | None = None


def rank(
    votes: Votes,
    *,
    method: Method = Method.SANDWICH,
    confidence: float = 0.95,
    order_effect: bool = True,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Ranking:
    """Undetermined: every system has every rank, and the reason is given.

    The order effect is dropped only if it alone is what the votes leave open. `resamples` is for the bootstrap only.
    """
    empty = _unranked(votes, Made(method, confidence, resamples if method is Method.BOOTSTRAP else 0, seed))
    ties = bool((votes.outcomes == TIED).any())
    reason = None
    for first in [True, False] if order_effect else [False]:
        model = Model(votes.cells, Terms(first=first, tie=ties))
        reason = undetermined(model, votes.systems)
        if reason is None:
            return _ranked(votes, model, empty, ORDER_UNKNOWN if order_effect else ORDER_NOT_FITTED)
    return replace(empty, reason=reason, tie=Estimate(reason=reason), first_position=Estimate(reason=reason))


def _ranked(votes: Votes, model: Model, empty: Ranking, no_order: Reason) -> Ranking:
    parameters = fit(model, votes.cells.counts[None])[0]
    covariance = _covariance(votes, model, parameters, empty.made)
    estimates = _estimates(parameters, covariance, empty.made.confidence)
    first, tie = estimates[-2:]
    return replace(
        empty,
        systems=_systems(votes, parameters, estimates, covariance, empty.made),
        tie=_exponential(tie) if model.terms.tie else Estimate(0.0, reason=NO_TIES),
        first_position=first if model.terms.first else Estimate(reason=no_order),
        determined=True,
        interval_reason=TOO_FEW_FOR_BOOTSTRAP if covariance is None else _one_rater(votes),
        parameters=parameters,
        covariance=covariance,
        independent=model_based(model, parameters),
    )


def _one_rater(votes: Votes) -> Reason | None:
    return ONE_RATER if votes.raters is not None and np.ptp(votes.raters) == 0 else None


def _covariance(votes: Votes, model: Model, parameters: Floats, made: Made) -> Covariance | None:
    if made.method is Method.MODEL:
        return model_based(model, parameters)
    if made.method is Method.SANDWICH:
        return sandwich(model, parameters, votes)
    return bootstrap(model, parameters, votes, resamples=made.resamples, seed=made.seed)


def _estimates(parameters: Floats, covariance: Covariance | None, confidence: float) -> list[Estimate]:
    if covariance is None:
        return [Estimate(float(value)) for value in parameters]
    errors = covariance.half_widths(confidence)
    return [
        Estimate(float(value), float(value - error), float(value + error))
        for value, error in zip(parameters, errors, strict=True)
    ]


def _systems(
    votes: Votes, parameters: Floats, estimates: list[Estimate], covariance: Covariance | None, made: Made
) -> tuple[System, ...]:
    width = len(votes.systems)
    ranks = [(1, width)] * width
    if covariance is not None:
        ranks = rank_sets(parameters[:width], covariance, confidence=made.confidence, seed=made.seed)
    systems = [
        System(name, estimate.value, estimate.low, estimate.high, rank, count)
        for name, estimate, rank, count in zip(votes.systems, estimates[:width], ranks, _shown(votes), strict=True)
    ]
    return tuple(sorted(systems, key=lambda system: (-(system.strength or 0.0), system.name)))


def _exponential(estimate: Estimate) -> Estimate:
    logs = (estimate.value, estimate.low, estimate.high)
    value, low, high = (None if log is None else exp(min(log, LARGEST_EXPONENT)) for log in logs)
    return Estimate(value, low, high)


def _unranked(votes: Votes, made: Made) -> Ranking:
    everywhere = (1, len(votes.systems))
    systems = [
        System(name, None, None, None, everywhere, count)
        for name, count in zip(votes.systems, _shown(votes), strict=True)
    ]
    return Ranking(
        systems=tuple(sorted(systems, key=lambda system: system.name)),
        tie=Estimate(),
        first_position=Estimate(),
        determined=False,
        reason=None,
        interval_reason=None,
        made=made,
        votes=len(votes),
        ties=int((votes.outcomes == TIED).sum()),
        both_bad=votes.both_bad,
        names=votes.systems,
    )


def _shown(votes: Votes) -> list[int]:
    width = len(votes.systems)
    total = np.bincount(votes.left, minlength=width) + np.bincount(votes.right, minlength=width)
    return [int(count) for count in total]
