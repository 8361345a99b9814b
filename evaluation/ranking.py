"""From votes to what a study and a leaderboard show. Pure: rows in, JSON out; the statistics are `sftlab.stats`'s."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np

from evaluation.likert import mean_with_interval
from sftlab.stats.agreement import Coefficient, agreement
from sftlab.stats.planning import observed_design_effect
from sftlab.stats.ranking import Estimate, Ranking, rank
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.reading import read_coefficient
from sftlab.stats.reasons import NO_UNITS, Reason, gettext_noop
from sftlab.stats.severity import AdjustedMean, Scores, SeverityAdjusted, severity_adjusted
from sftlab.stats.stopping import StopRule, difference_error, verdict
from sftlab.stats.votes import Choice, Votes, win_matrix

NO_VOTES = Reason(gettext_noop("There are no votes yet."))
RESAMPLES, FEWER_RESAMPLES = 1000, 200
LARGE_TABLE = 400_000
"""Units × raters from which the interval of an agreement is drawn from fewer resamples; how many is stored with it."""
RULE = StopRule()


@dataclass(frozen=True)
class Cast:
    """One vote that counts. `left` and `right` are systems by their ids; `right` None where an answer stood alone."""

    unit: str
    item: str
    rater: str
    left: str
    right: str | None
    choice: str
    scores: dict[str, dict[str, int]]
    language: str
    category: str
    scripted: bool
    seconds: float | None = None


def summary(
    cast: Sequence[Cast], *, systems: dict[str, str], compares: bool, dimensions: Sequence[str], seed: int
) -> dict[str, Any]:
    """One slice. `systems` maps ids to names, in the study's order."""
    return {
        "votes": len(cast),
        "scripted_votes": sum(vote.scripted for vote in cast),
        "raters": len({vote.rater for vote in cast}),
        "items": len({vote.item for vote in cast}),
        "choices": dict(Counter(vote.choice for vote in cast if vote.choice)),
        "ranking": ranking(cast, systems=systems, seed=seed) if compares else None,
        "matrix": matrix(cast, systems=systems) if compares and cast else None,
        "likert": {name: likert(cast, name, systems=systems) for name in dimensions},
        "agreement": agreements(cast, compares=compares, dimensions=dimensions, seed=seed),
    }


def votes_of(cast: Sequence[Cast], systems: dict[str, str]) -> Votes:
    compared = [vote for vote in cast if vote.right is not None]
    return Votes.from_columns(
        [vote.left for vote in compared],
        [str(vote.right) for vote in compared],
        [vote.choice for vote in compared],
        raters=[vote.rater for vote in compared],
        items=[vote.item for vote in compared],
        systems=list(systems),
    )


def ranking(cast: Sequence[Cast], *, systems: dict[str, str], seed: int) -> dict[str, Any]:
    """Bradley–Terry with Davidson ties and a first-position term, intervals clustered by rater and item."""
    if not cast:
        return _undetermined(systems, NO_VOTES)
    found = rank(votes_of(cast, systems), seed=seed)
    tally = _tally(cast)
    looked = verdict(found, RULE)
    return {
        "systems": [
            {
                "model": one.name,
                "name": systems[one.name],
                "strength": one.strength,
                "low": one.low,
                "high": one.high,
                "ranks": list(one.ranks),
                "votes": one.votes,
                **tally[one.name],
            }
            for one in found.systems
        ],
        "tie": _estimate(found.tie),
        "first_position": _estimate(found.first_position),
        "determined": found.determined,
        "reason": said(found.reason),
        "interval_reason": said(found.interval_reason),
        "verdict": {
            "stop": looked.stop,
            "rule": asdict(RULE),
            "pairs": [{**asdict(pair), "state": pair.state.value} for pair in looked.pairs],
        },
        "differences": _differences(found),
        "design_effect": _design_effect(found),
        **_made(found),
    }


def _design_effect(found: Ranking) -> float | None:
    if found.covariance is None or found.independent is None:
        return None
    return observed_design_effect(found.covariance, found.independent, len(found.names))


def _differences(found: Ranking) -> dict[str, Any] | None:
    """Of the strengths, two by two, each with its standard error: strengths are not independent, their mean being 0."""
    parameters, covariance = found.parameters, found.covariance
    if parameters is None or covariance is None:
        return None
    pairs = [
        [
            *(found.names[one] for one in pair),
            float(parameters[pair[0]] - parameters[pair[1]]),
            difference_error(covariance, *pair),
        ]
        for pair in combinations(range(len(found.names)), 2)
    ]
    return {"degrees": covariance.degrees if np.isfinite(covariance.degrees) else None, "pairs": pairs}


def _made(found: Ranking) -> dict[str, Any]:
    return {
        "method": f"Bradley-Terry-Davidson, first position, {found.made.method.value} clustered by rater and item",
        "confidence": found.made.confidence,
        "votes": found.votes,
        "ties": found.ties,
        "both_bad": found.both_bad,
        "seed": found.made.seed,
    }


def _undetermined(systems: dict[str, str], reason: Reason) -> dict[str, Any]:
    nothing = {"strength": None, "low": None, "high": None, "ranks": [1, len(systems)], "votes": 0}
    return {
        "systems": [{"model": key, "name": name, **nothing, **_no_tally()} for key, name in systems.items()],
        "tie": _estimate(Estimate(reason=reason)),
        "first_position": _estimate(Estimate(reason=reason)),
        "determined": False,
        "reason": said(reason),
        "interval_reason": None,
        "verdict": {"stop": False, "rule": asdict(RULE), "pairs": []},
        "differences": None,
        "method": "",
        "confidence": 0.95,
        "votes": 0,
        "ties": 0,
        "both_bad": 0,
        "seed": 0,
    }


def _no_tally() -> dict[str, int]:
    return {"wins": 0, "losses": 0, "ties": 0, "both_bad": 0}


def _tally(cast: Sequence[Cast]) -> dict[str, dict[str, int]]:
    tally: dict[str, dict[str, int]] = defaultdict(_no_tally)
    for vote in cast:
        if vote.right is not None:
            for_left, for_right = _OUTCOMES[Choice(vote.choice)]
            tally[vote.left][for_left] += 1
            tally[vote.right][for_right] += 1
    return tally


_OUTCOMES = {
    Choice.LEFT: ("wins", "losses"),
    Choice.RIGHT: ("losses", "wins"),
    Choice.TIE: ("ties", "ties"),
    Choice.BOTH_BAD: ("both_bad", "both_bad"),
}


def _estimate(found: Estimate) -> dict[str, Any]:
    return {"value": found.value, "low": found.low, "high": found.high, "reason": said(found.reason)}


def said(reason: Reason | None) -> dict[str, Any] | None:
    """A message and its values, for pages to translate; `text` is the English."""
    if reason is None:
        return None
    return {"text": str(reason), "message": reason.message, "values": dict(reason.values)}


def matrix(cast: Sequence[Cast], *, systems: dict[str, str]) -> dict[str, Any]:
    found = win_matrix(votes_of(cast, systems))
    rates = [[None if np.isnan(rate) else float(rate) for rate in row] for row in found.rates]
    return {
        "models": list(found.systems),
        "names": [systems[key] for key in found.systems],
        "rates": rates,
        "wins": found.wins.tolist(),
        "ties": found.ties.tolist(),
    }


def likert(cast: Sequence[Cast], dimension: str, *, systems: dict[str, str]) -> dict[str, Any]:
    """Means adjusted for the raters' severity where the scores allow it, else plain; intervals by rater and item."""
    points = _points(cast, dimension)
    found = severity_adjusted(_scores(points)) if points else SeverityAdjusted(reason=NO_VOTES)
    adjusted = {one.system: one for one in found.systems}
    means = [
        {"model": key, "name": name, "adjusted": key in adjusted, **_mean(adjusted.get(key), points, key)}
        for key, name in systems.items()
    ]
    return {
        "means": means,
        "severity": {one.rater: {**asdict(one)} for one in found.raters},
        "reason": said(found.reason),
    }


Point = tuple[str, str, str, int]
"""System, rater, item and score."""


def _points(cast: Sequence[Cast], dimension: str) -> list[Point]:
    return [
        (system, vote.rater, vote.item, vote.scores[side][dimension])
        for vote in cast
        for side, system in (("left", vote.left), ("right", vote.right))
        if system is not None and dimension in vote.scores.get(side, {})
    ]


def _scores(points: Sequence[Point]) -> Scores:
    return Scores.from_columns(
        [system for system, _, _, _ in points],
        [rater for _, rater, _, _ in points],
        [item for _, _, item, _ in points],
        [float(score) for _, _, _, score in points],
    )


def _mean(adjusted: AdjustedMean | None, points: Sequence[Point], system: str) -> dict[str, Any]:
    if adjusted is not None:
        return {name: getattr(adjusted, name) for name in ("mean", "low", "high", "raw", "n")}
    own = [(float(score), rater, item) for key, rater, item, score in points if key == system]
    plain = mean_with_interval(own)
    return {**asdict(plain), "raw": plain.mean, "n": len(own)}


def agreements(
    cast: Sequence[Cast], *, compares: bool, dimensions: Sequence[str], seed: int
) -> dict[str, dict[str, Any]]:
    """By what was judged: `choice` and each dimension; every coefficient with its interval and a reading."""
    found = {}
    if compares:
        found["choice"] = _agreement([_choice(vote) for vote in cast], Level.NOMINAL, seed)
    for name in dimensions:
        found[name] = _agreement([score for vote in cast for score in _scored(vote, name)], Level.ORDINAL, seed)
    return found


Triple = tuple[str, str, str | float]


def _choice(vote: Cast) -> Triple:
    """By which system won, whichever side it stood on."""
    winner = {Choice.LEFT: vote.left, Choice.RIGHT: str(vote.right)}.get(Choice(vote.choice), vote.choice)
    return vote.unit, vote.rater, winner


def _scored(vote: Cast, dimension: str) -> list[Triple]:
    sides = (("left", vote.left), ("right", vote.right))
    return [
        (f"{vote.unit}/{system}", vote.rater, float(vote.scores[side][dimension]))
        for side, system in sides
        if system is not None and dimension in vote.scores.get(side, {})
    ]


def _agreement(triples: Sequence[Triple], level: Level, seed: int) -> dict[str, Any]:
    units, raters, values = ([triple[place] for triple in triples] for place in range(3))
    if not triples:
        return {"level": level.value, "units": 0, "raters": 0, "reason": said(NO_UNITS), "coefficients": {}}
    ratings = Ratings.from_triples([str(u) for u in units], [str(r) for r in raters], values, level=level)
    resamples = RESAMPLES if ratings.codes.size <= LARGE_TABLE else FEWER_RESAMPLES
    found = agreement(ratings, level=level, resamples=resamples, seed=seed)
    return {
        "level": level.value,
        "units": ratings.units,
        "raters": ratings.raters,
        "seed": seed,
        "resamples": resamples,
        "coefficients": {name: _coefficient(name, one) for name, one in found.items()},
    }


def _coefficient(name: str, one: Coefficient) -> dict[str, Any]:
    return {
        "value": one.value,
        "low": one.low,
        "high": one.high,
        "n": one.n,
        "left_out": one.left_out,
        "reason": said(one.reason),
        "reading": said(read_coefficient(name, one)),
    }
