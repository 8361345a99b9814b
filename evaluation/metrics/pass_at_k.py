"""pass@k for code. Chen et al., "Evaluating large language models trained on code", 2021."""

import re
from collections.abc import Sequence
from math import comb

from evaluation.metrics.base import MeanMetric, NotComputed, Pair, Rows
from evaluation.metrics.sandbox import passes, require_isolation
from evaluation.metrics.workspace import Workspace

TOO_FEW_SAMPLES = "too_few_samples"
_FENCE = re.compile(r"```(?:python|py)?[^\S\n]*\n(.*?)```", re.DOTALL)


class PassAtK(MeanMetric):
    """1 - C(n - c, k) / C(n, k) of n samples of which c pass, averaged over items.

    An item's reference is Python that fails unless the answer before it is right. The samples are the output and the
    texts in ``data["samples"]``; of a text with a fenced block, the block is the program. Off unless ``allow`` is set.
    """

    name = "pass_at_k"

    def __init__(self, *, allow: bool = False, k: int = 1, seconds: int = 5, megabytes: int = 512) -> None:
        self.allow, self.k, self.seconds, self.megabytes = allow, k, seconds, megabytes

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        if not self.allow:
            raise NotComputed("running generated code is off; an admin can allow it for this evaluation")
        require_isolation(self.megabytes)
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            samples = [pair.hypothesis, *pair.data.get("samples", [])]
            if len(samples) < self.k:
                rows.reasons[place] = TOO_FEW_SAMPLES
                continue
            passed = sum(self._passes(sample, pair.references[0]) for sample in samples)
            rows.statistics[place] = pass_at_k(len(samples), passed, self.k), 1
        return rows

    def _passes(self, sample: str, test: str) -> bool:
        if not sample.strip():
            return False
        return passes(f"{program(sample)}\n\n{test}\n", seconds=self.seconds, megabytes=self.megabytes)

    def details(self) -> dict[str, str]:
        return {"k": str(self.k), "seconds": str(self.seconds), "megabytes": str(self.megabytes)}


def pass_at_k(samples: int, passed: int, k: int) -> float:
    """The chance that one of k samples drawn without replacement passes: unbiased, as in the paper."""
    return 1 - comb(samples - passed, k) / comb(samples, k)


def program(answer: str) -> str:
    blocks = _FENCE.findall(answer)
    return "\n".join(blocks) if blocks else answer
