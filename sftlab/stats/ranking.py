"""The ranking of systems from blind votes, with everything needed to say how sure it is."""

from dataclasses import dataclass, replace
from enum import StrEnum
from math import exp

import numpy as np
from scipy.stats import t as student

from sftlab.stats.arrays import Floats
from sftlab.stats.davidson import Model, Terms, fit
from sftlab.stats.determinacy import undetermined
from sftlab.stats.rank_sets import rank_sets
from sftlab.stats.reasons import Reason, gettext_noop
from sftlab.stats.vote_covariance import Covariance, model_based, sandwich
from sftlab.stats.votes import TIED, Votes

NO_TIES = Reason(gettext_noop("No vote is a tie."))
ORDER_NOT_FITTED = Reason(gettext_noop("The order effect was left out of the model as asked."))
ORDER_UNKNOWN = Reason(
    gettext_noop("These votes cannot tell an order effect from strength, so the ranking assumes there is none.")
)


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
class Ranking:
    """`systems` from strongest to weakest.

    `tie` is Davidson's ν: between equals, the odds of a tie against the win of one of them. `first_position` is the log
    odds that being shown on the left adds.
    """

    systems: tuple[System, ...]
    tie: Estimate
    first_position: Estimate
    determined: bool
    reason: Reason | None
    method: Method
    confidence: float
    votes: int
    ties: int
    both_bad: int
    seed: int
    covariance: Covariance | None = None
    """Of the strengths in the order of `Votes.systems`, then first position, then log tie."""


@dataclass(frozen=True)
class _Settings:
    method: Method
    confidence: float
    seed: int
    order_asked: bool


def rank(
    votes: Votes,
    *,
    method: Method = Method.SANDWICH,
    confidence: float = 0.95,
    order_effect: bool = True,
    seed: int = 0,
) -> Ranking:
    """Undetermined: every system has every rank, and the reason is given.

    The order effect is dropped only if it alone is what the votes leave open.
    """
    settings = _Settings(method, confidence, seed, order_effect)
    ties = bool((votes.outcomes == TIED).any())
    reasons = []
    for first in [True, False] if order_effect else [False]:
        model = Model(votes.cells, Terms(first=first, tie=ties))
        reason = undetermined(model, votes.systems)
        if reason is None:
            return _ranked(votes, model, settings)
        reasons.append(reason)
    return _without_answer(votes, reasons[-1], settings)


def _ranked(votes: Votes, model: Model, settings: _Settings) -> Ranking:
    parameters = fit(model, votes.cells.counts[None])[0]
    covariance = _covariance(votes, model, parameters, settings)
    critical = float(student.ppf(0.5 + settings.confidence / 2, covariance.degrees))
    errors = critical * np.sqrt(np.diag(covariance.matrix))
    strengths = parameters[: len(votes.systems)]
    ranks = rank_sets(strengths, covariance, confidence=settings.confidence, seed=settings.seed)
    shown = _shown(votes)
    systems = [
        System(name, float(value), float(value - error), float(value + error), rank, count)
        for name, value, error, rank, count in zip(
            votes.systems, strengths, errors[: len(strengths)], ranks, shown, strict=True
        )
    ]
    base = _without_answer(votes, None, settings)
    return replace(
        base,
        systems=tuple(sorted(systems, key=lambda system: (-(system.strength or 0.0), system.name))),
        tie=_tie(parameters, errors, model),
        first_position=_first(parameters, errors, model, settings),
        determined=True,
        covariance=covariance,
    )


def _covariance(votes: Votes, model: Model, parameters: Floats, settings: _Settings) -> Covariance:
    if settings.method is Method.MODEL:
        return model_based(model, parameters)
    return sandwich(model, parameters, votes)


def _tie(parameters: Floats, errors: Floats, model: Model) -> Estimate:
    if not model.terms.tie:
        return Estimate(0.0, reason=NO_TIES)
    value, error = float(parameters[-1]), float(errors[-1])
    return Estimate(exp(value), exp(value - error), exp(value + error))


def _first(parameters: Floats, errors: Floats, model: Model, settings: _Settings) -> Estimate:
    if not model.terms.first:
        return Estimate(reason=ORDER_UNKNOWN if settings.order_asked else ORDER_NOT_FITTED)
    value, error = float(parameters[-2]), float(errors[-2])
    return Estimate(value, value - error, value + error)


def _without_answer(votes: Votes, reason: Reason | None, settings: _Settings) -> Ranking:
    everywhere = (1, len(votes.systems))
    systems = [
        System(name, None, None, None, everywhere, count)
        for name, count in zip(votes.systems, _shown(votes), strict=True)
    ]
    ties = int((votes.outcomes == TIED).sum())
    return Ranking(
        systems=tuple(sorted(systems, key=lambda system: system.name)),
        tie=Estimate(reason=reason),
        first_position=Estimate(reason=reason),
        determined=False,
        reason=reason,
        method=settings.method,
        confidence=settings.confidence,
        votes=len(votes),
        ties=ties,
        both_bad=votes.both_bad,
        seed=settings.seed,
    )


def _shown(votes: Votes) -> list[int]:
    width = len(votes.systems)
    total = np.bincount(votes.left, minlength=width) + np.bincount(votes.right, minlength=width)
    return [int(count) for count in total]
