"""The numbers a gate judges: paired over the same items, from stored statistics; no text is read again."""

from typing import Any
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _

from evaluation.leaderboards.gate import STRENGTH, Evidence, Gate, Judged, Rule, judge, verdict
from evaluation.metrics.registry import METRICS, build
from evaluation.metrics.resampling import compare, interval
from evaluation.models import EvalSet, ItemScore, Leaderboard, Score, System
from evaluation.selectors.evaluations import finished_systems
from evaluation.selectors.leaderboards import slice_of
from sftlab.errors import BadInput, SFTLabError

Statistics = dict[int, list[float]]


def judged(leaderboard: Leaderboard, gate: Gate) -> dict[str, Any]:
    """The verdict with what it rests on. Raises BadInput for a model that is not on the leaderboard."""
    rows = leaderboard.current.inputs["systems"] if leaderboard.current else []
    on_board = {row["model"]: row["system"] for row in rows}
    faults = [
        {"field": name, "reason": _("This model is not on the leaderboard.")}
        for name in ("model", "baseline")
        if getattr(gate, name) not in on_board
    ]
    if faults:
        raise BadInput(_("This gate can't be judged."), errors=faults)  # type: ignore[arg-type]
    found = [_judge(leaderboard, gate, rule, on_board) for rule in gate.rules]
    return {
        "verdict": verdict(found),
        "snapshot": leaderboard.current.number if leaderboard.current else None,
        "model": gate.model,
        "baseline": gate.baseline,
        "resamples": gate.resamples,
        "seed": gate.seed,
        "rules": [one.as_json() for one in found],
    }


def _judge(leaderboard: Leaderboard, gate: Gate, rule: Rule, on_board: dict[str, str]) -> Judged:
    if rule.metric == STRENGTH:
        return judge(rule, _strength(leaderboard, gate, rule))
    if rule.metric not in METRICS:
        return judge(rule, Evidence(reason=_("There is no such metric.")))
    lower = METRICS[rule.metric].better == "lower"
    systems = _systems(gate, rule, on_board)
    if systems is None:
        return judge(rule, Evidence(reason=_("One of the two has no outputs on that evaluation set.")))
    return judge(rule, _measured(gate, rule, *systems), lower_is_better=lower)


def _systems(gate: Gate, rule: Rule, on_board: dict[str, str]) -> tuple[System, System] | None:
    if not rule.evalset:
        found = {str(s.uuid): s for s in System.objects.filter(uuid__in=on_board.values())}
        return found[on_board[gate.model]], found[on_board[gate.baseline]]
    try:
        evalset = EvalSet.objects.filter(uuid=UUID(rule.evalset)).first()
    except ValueError:
        evalset = None
    known = {str(s.model.uuid): s for s in finished_systems(evalset).values()} if evalset else {}
    if gate.model not in known or gate.baseline not in known:
        return None
    return known[gate.model], known[gate.baseline]


def _measured(gate: Gate, rule: Rule, model: System, baseline: System) -> Evidence:
    signatures = {
        (score.language, score.signature)
        for score in Score.objects.filter(system__in=[model, baseline], metric=rule.metric, category="", current=True)
        if rule.language in ("", score.language) and score.value is not None
    }
    if len(signatures) != 1:
        reason = (
            _("no score") if not signatures else _("Scores of several kinds can't be put together; name a language.")
        )
        return Evidence(reason=reason)
    mine, theirs = (_statistics(system, rule) for system in (model, baseline))
    shared = sorted({*mine} & {*theirs})
    try:
        metric = build(rule.metric)
    except SFTLabError as error:
        return Evidence(reason=str(error))
    if len(shared) < 2 or len(mine[shared[0]]) != len(metric.columns):
        return Evidence(reason=_("too few items that both have a value for"), n=len(shared))
    a, b = (np.array([found[item] for item in shared]) for found in (mine, theirs))
    (_language, signature) = next(iter(signatures))
    if rule.bound is not None and rule.demand in ("at_least", "at_most"):
        low, high = interval(a, metric.value, resamples=gate.resamples, seed=gate.seed, level=rule.confidence)
        return Evidence(float(metric.value(a.sum(axis=0))), low, high, len(shared), signature)
    found = compare(a, b, metric.value, resamples=gate.resamples, seed=gate.seed, level=rule.confidence)
    return Evidence(found.difference, found.low, found.high, len(shared), signature)


def _statistics(system: System, rule: Rule) -> Statistics:
    found = ItemScore.objects.filter(output__system=system, metric=rule.metric, value__isnull=False)
    if rule.language:
        found = found.filter(output__item__language=rule.language)
    if rule.category:
        found = found.filter(output__item__category=rule.category)
    return dict(found.values_list("output__item_id", "statistics"))


def _strength(leaderboard: Leaderboard, gate: Gate, rule: Rule) -> Evidence:
    """From the two intervals, as if they were independent: wider than the truth, so it never passes too easily."""
    assert leaderboard.current is not None
    rows = slice_of(leaderboard.current, rule.language, rule.category).rows
    strengths = {row["model"]["id"]: row["strength"] for row in rows}
    mine, theirs = strengths.get(gate.model), strengths.get(gate.baseline)
    if not mine or not theirs or None in (mine["low"], theirs["low"]):
        return Evidence(reason=_("The votes do not determine both strengths."))
    difference = mine["value"] - theirs["value"]
    below = float(np.hypot(mine["value"] - mine["low"], theirs["high"] - theirs["value"]))
    above = float(np.hypot(mine["high"] - mine["value"], theirs["value"] - theirs["low"]))
    return Evidence(difference, difference - below, difference + above)
