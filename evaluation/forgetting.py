"""Whether a tuned model can still do what its base could, judged by the interval of what it lost. Pure.

It passes when even the far end of the interval stays within the margin, and does not pass when even the near end is
beyond it; an interval across the margin decides nothing (non-inferiority testing; more items narrow it).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["passed", "failed", "undecided"]
NOT_COMPUTED = "not_computed"


@dataclass(frozen=True)
class Finding:
    """`lost` is how much worse the tuned model is, in the metric's units; below 0 it is better."""

    metric: str
    language: str
    margin: float
    verdict: Verdict
    n: int = 0
    lost: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""


def judge(
    comparison: Mapping[str, Any] | None, *, metric: str, language: str, margin: float, lower_is_better: bool
) -> Finding:
    """From a comparison of the base, as `a`, with the tuned model; None where there is none."""
    if comparison is None:
        return Finding(metric, language, margin, "undecided", reason=NOT_COMPUTED)
    sign = -1.0 if lower_is_better else 1.0
    low, high = sorted(sign * comparison[end] for end in ("low", "high"))
    verdict: Verdict = "passed" if high <= margin else "failed" if low > margin else "undecided"
    lost = sign * comparison["difference"]
    return Finding(metric, language, margin, verdict, comparison["n"], lost, low, high)


def overall(verdicts: Sequence[str]) -> Verdict:
    if "failed" in verdicts:
        return "failed"
    return "passed" if verdicts and set(verdicts) == {"passed"} else "undecided"
