"""The numbers a gate judges: paired over the same items, from stored statistics; no text is read again."""

from typing import Any
from uuid import UUID

import numpy as np
from django.utils.translation import gettext as _
from scipy.stats import t as student

from evaluation.leaderboards.gate import STRENGTH, Evidence, Gate, Judged, Rule, judge, verdict
from evaluation.metrics.registry import METRICS, build
from evaluation.metrics.resampling import compare, interval
from evaluation.models import EvalSet, ItemScore, Leaderboard, Score, StudyResult, System
from evaluation.selectors.evaluations import finished_systems
from evaluation.selectors.leaderboards import Reader, on_evalset, readable, slice_of
from evaluation.selectors.studies import slice_key
from sftlab.accounts.models import User
from sftlab.errors import BadInput, SFTLabError

Statistics = dict[int, list[float]]


def judged(leaderboard: Leaderboard, gate: Gate, reader: Reader) -> dict[str, Any]:
    """The verdict with what it rests on. Raises BadInput for a model that is not on the leaderboard.

    Another evaluation set counts as far as the reader may see the two models on it.
    """
    rows = leaderboard.current.inputs["systems"] if leaderboard.current else []
    on_board = {row["model"]: row["system"] for row in rows}
    faults = [
        {"field": name, "reason": _("This model is not on the leaderboard.")}
        for name in ("model", "baseline")
        if getattr(gate, name) not in on_board
    ]
    if faults:
        raise BadInput(_("This gate can't be judged."), errors=faults)  # type: ignore[arg-type]
    found = [_judge(leaderboard, gate, rule, on_board, reader) for rule in gate.rules]
    return {
        "verdict": verdict(found),
        "snapshot": leaderboard.current.number if leaderboard.current else None,
        "model": gate.model,
        "baseline": gate.baseline,
        "resamples": gate.resamples,
        "seed": gate.seed,
        "rules": [one.as_json() for one in found],
    }


def _judge(leaderboard: Leaderboard, gate: Gate, rule: Rule, on_board: dict[str, str], reader: Reader) -> Judged:
    if rule.metric == STRENGTH:
        return judge(rule, _strength(leaderboard, gate, rule))
    if rule.metric not in METRICS:
        return judge(rule, Evidence(reason=_("There is no such metric.")))
    lower = METRICS[rule.metric].better == "lower"
    systems = _systems(gate, rule, on_board, reader)
    if systems is None:
        return judge(rule, Evidence(reason=_("One of the two has no outputs on that evaluation set.")))
    return judge(rule, _measured(gate, rule, *systems), lower_is_better=lower)


def _systems(gate: Gate, rule: Rule, on_board: dict[str, str], reader: Reader) -> tuple[System, System] | None:
    if not rule.evalset:
        found = {str(s.uuid): s for s in System.objects.filter(uuid__in=on_board.values())}
        return found[on_board[gate.model]], found[on_board[gate.baseline]]
    known = {str(system.model.uuid): system for system in _seen_on(rule.evalset, reader)}
    if gate.model not in known or gate.baseline not in known:
        return None
    return known[gate.model], known[gate.baseline]


def _seen_on(evalset: str, reader: Reader) -> list[System]:
    """The newest outputs of each model on the set: for readers, those that a leaderboard shows them."""
    try:
        found = EvalSet.objects.filter(uuid=UUID(evalset)).first()
    except ValueError:
        return []
    if found is None:
        return []
    if isinstance(reader, User) and reader.is_admin:
        return list(finished_systems(found).values())
    boards = readable(reader).filter(on_evalset(found))
    systems = System.objects.filter(evaluation__evalset=found, snapshots__is_current_of__in=boards)
    return list(systems.select_related("model").order_by("pk"))


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
    """The difference of the two as the study's report has it: strengths are no independent numbers."""
    assert leaderboard.current is not None
    slice_of(leaderboard.current, rule.language, rule.category)
    study = leaderboard.current.inputs["study"]
    report = StudyResult.objects.filter(study__uuid=study["study"], final=True).first() if study else None
    found = report.data["slices"].get(slice_key(rule.language, rule.category)) if report else None
    ranking = (found["ranking"] if found else None) or {}
    differences = ranking.get("differences") or {"pairs": ()}
    for first, second, difference, error in differences["pairs"]:
        if {first, second} == {gate.model, gate.baseline}:
            value = difference if first == gate.model else -difference
            half = float(student.ppf(0.5 + rule.confidence / 2, differences["degrees"] or np.inf)) * error
            return Evidence(value, value - half, value + half, ranking["votes"], ranking["method"])
    return Evidence(reason=_("The votes do not determine both strengths."))
