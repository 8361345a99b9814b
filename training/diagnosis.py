"""What curves say, in rules: pure, on plain numbers. Each finding carries the numbers it rests on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Literal

Kind = Literal["overfitting", "underfitting", "diverging", "rate_too_high", "forgetting"]
Curve = Sequence[tuple[int, float]]

RISE = 1.02
"""An evaluation loss this much above its lowest has risen."""
STILL_FALLING = 0.99
JUMP = 1.5
JUMPS_SHARE = 0.05
GROWN = 1.1
ENOUGH = 8
"""Training points below which nothing is said about their shape."""


@dataclass(frozen=True)
class Finding:
    kind: Kind
    evidence: dict[str, float] = field(default_factory=dict)
    of: str = ""
    """The name of the rows it is about, where it is not all of them."""


def diagnose(train: Curve, evaluation: Curve, *, over: bool, apart: Mapping[str, Curve] | None = None) -> list[Finding]:
    """`over`: the run has ended, so a loss that still falls was cut off. `apart`: the evaluation of each dataset."""
    rules = [_diverging(train), _rate_too_high(train), _overfitting(evaluation)]
    rules += [_forgetting(name, of_set) for name, of_set in (apart or {}).items()]
    if over:
        rules.append(_underfitting(evaluation))
    found = [finding for finding in rules if finding is not None]
    kinds = {finding.kind for finding in found}
    return [f for f in found if not (f.kind in ("rate_too_high", "forgetting") and "diverging" in kinds)]


def _diverging(train: Curve) -> Finding | None:
    """The last quarter is worse than the first."""
    if len(train) < ENOUGH:
        return None
    losses = [loss for _step, loss in train]
    quarter = len(losses) // 4
    first, last = fmean(losses[:quarter]), fmean(losses[-quarter:])
    return Finding("diverging", {"first": first, "last": last}) if last > GROWN * first else None


def _rate_too_high(train: Curve) -> Finding | None:
    """The loss jumps: often half as high again as the median of the five before."""
    losses = [loss for _step, loss in train]
    jumps = sum(losses[i] > JUMP * median(losses[i - 5 : i]) for i in range(5, len(losses)))
    if len(train) < ENOUGH or jumps < max(2, JUMPS_SHARE * len(losses)):
        return None
    return Finding("rate_too_high", {"jumps": jumps, "steps": len(losses)})


def _overfitting(evaluation: Curve) -> Finding | None:
    if len(evaluation) < 3:
        return None
    best_step, best = min(evaluation, key=lambda point: point[1])
    last_step, last = evaluation[-1]
    if last_step == best_step or last < RISE * best:
        return None
    return Finding("overfitting", {"best_step": best_step, "best": best, "last_step": last_step, "last": last})


def _underfitting(evaluation: Curve) -> Finding | None:
    if len(evaluation) < 3:
        return None
    (_step, before), (last_step, last) = evaluation[-2:]
    if last > STILL_FALLING * before:
        return None
    return Finding("underfitting", {"before": before, "last": last, "last_step": last_step})


def _forgetting(name: str, evaluation: Curve) -> Finding | None:
    """On these rows the tuned model is worse than its base was."""
    if len(evaluation) < 2 or evaluation[0][0] != 0:
        return None
    (_step, base), (last_step, last) = evaluation[0], evaluation[-1]
    if last < RISE * base:
        return None
    return Finding("forgetting", {"base": base, "last": last, "last_step": last_step}, of=name)
