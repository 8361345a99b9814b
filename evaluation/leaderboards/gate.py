"""Rules that a model must meet against a baseline, judged on intervals: pass, fail, or not enough evidence. Pure."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from sftlab.errors import BadInput
from training.trainer.dataclass_reader import read
from training.trainer.errors import Fault

Verdict = Literal["pass", "fail", "undetermined"]
STRENGTH = "strength"


@dataclass(frozen=True)
class Rule:
    metric: str
    """A metric, or `strength` (people's votes)."""
    demand: Literal["better", "not_worse", "at_least", "at_most"] = "not_worse"
    margin: float = field(default=0.0, metadata={"low": 0})
    """For better and not_worse: by how much at least, and by how much at most."""
    bound: float | None = None
    """For at_least and at_most: the model's own value, whatever the baseline's."""
    language: str = ""
    category: str = ""
    evalset: str = ""
    """Another evaluation set than the leaderboard's, such as a general one that must not be forgotten."""
    confidence: float = field(default=0.95, metadata={"above": 0.5, "high": 0.999})


@dataclass(frozen=True)
class Gate:
    model: str
    baseline: str
    rules: tuple[Rule, ...]
    resamples: int = field(default=2000, metadata={"low": 100, "high": 20000})
    seed: int = field(default=0, metadata={"low": 0})


@dataclass(frozen=True)
class Evidence:
    """`value` is the model's minus the baseline's, or the model's own; oriented as the metric is."""

    value: float | None = None
    low: float | None = None
    high: float | None = None
    n: int = 0
    signature: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Judged:
    rule: Rule
    verdict: Verdict
    evidence: Evidence

    def as_json(self) -> dict[str, Any]:
        return {"rule": asdict(self.rule), "verdict": self.verdict, "evidence": asdict(self.evidence)}


def read_gate(raw: object) -> Gate:
    """Raises BadInput with every fault."""
    faults: list[Fault] = []
    gate = read(Gate, raw, "", faults)
    if gate is not None:
        faults += _contradictions(gate)
    if gate is None or faults:
        raise BadInput("The gate has faults.", errors=[{"field": f.field, "reason": f.reason} for f in faults])
    return gate


def _contradictions(gate: Gate) -> list[Fault]:
    faults = [] if gate.rules else [Fault("rules", "name at least one")]
    for place, rule in enumerate(gate.rules):
        absolute = rule.demand in ("at_least", "at_most")
        if absolute and rule.bound is None:
            faults.append(Fault(f"rules[{place}].bound", f"{rule.demand} needs one"))
        if absolute and rule.metric == STRENGTH:
            faults.append(Fault(f"rules[{place}].demand", "strengths have meaning only between models"))
    return faults


def judge(rule: Rule, evidence: Evidence, *, lower_is_better: bool = False) -> Judged:
    """An interval on the right side passes, on the wrong side fails, and across the bound leaves it open."""
    if evidence.low is None or evidence.high is None:
        return Judged(rule, "undetermined", evidence)
    low, high, bound = evidence.low, evidence.high, _bound(rule)
    if rule.demand == "at_most" or (lower_is_better and rule.bound is None):
        low, high, bound = -high, -low, -bound if rule.demand == "at_most" else bound
    passed = low > bound if rule.demand == "better" else low >= bound
    if passed:
        return Judged(rule, "pass", evidence)
    return Judged(rule, "fail" if high < bound else "undetermined", evidence)


def _bound(rule: Rule) -> float:
    if rule.bound is not None and rule.demand in ("at_least", "at_most"):
        return rule.bound
    return rule.margin if rule.demand == "better" else -rule.margin


def verdict(judged: Sequence[Judged]) -> Verdict:
    found = {one.verdict for one in judged}
    return "fail" if "fail" in found else "undetermined" if "undetermined" in found else "pass"
