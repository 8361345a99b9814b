"""A learned regression metric of BLEURT's kind (Sellam et al. 2020): a local model scores (reference, output) pairs."""

from collections.abc import Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Floats, MeanMetric, NotComputed, Pair, Rows
from evaluation.metrics.encoders import EncoderSpec, batches, weights_sha256
from evaluation.metrics.workspace import Workspace

UNKNOWN_TOKENS = "unknown_tokens"
MOST_UNKNOWN = 0.05


class Learned(MeanMetric):
    """The model's single output, averaged over items; of several references the best. It has no fixed bounds.
    ``unknown_share`` tells how many of the texts' tokens it does not know.

    ``path`` is a folder of transformers' sequence classification with one label. A row of which it does not know more
    than 5% of the tokens is refused.
    """

    name = "learned"
    columns = ("value", "unknown", "tokens", "items")

    def __init__(self, *, path: str = "", name: str = "") -> None:
        self.spec = EncoderSpec(path=path, layer=0, name=name)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        if not Path(self.spec.path).is_dir() or not self.spec.path:
            raise NotComputed("no folder with a learned metric is configured")
        rows = Rows.empty(len(pairs), len(self.columns))
        rows.statistics[:, -1] = 1
        asked = [(place, ref) for place, pair in enumerate(pairs) if pair.hypothesis.strip() for ref in pair.references]
        found = load_regressor(self.spec).score([(reference, pairs[place].hypothesis) for place, reference in asked])
        best: dict[int, float] = {}
        for (place, _), (value, unknown, tokens) in zip(asked, found, strict=True):
            best[place] = max(value, best.get(place, value))
            rows.statistics[place, 1:3] += unknown, tokens
            if unknown > MOST_UNKNOWN * tokens:
                rows.reasons[place] = UNKNOWN_TOKENS
        for place, value in best.items():
            rows.statistics[place, 0] = value
        return rows

    def parts(self, totals: Floats) -> dict[str, float]:
        return {"unknown_share": float(totals[1] / max(totals[2], 1))}

    def details(self) -> dict[str, str]:
        known = Path(self.spec.path).is_dir() and self.spec.path
        versions = ",".join(f"{name}-{metadata.version(name)}" for name in ("transformers", "tokenizers", "torch"))
        model = f"{self.spec.label}@{weights_sha256(self.spec)[:12]}" if known else "none"
        return {"model": model, "lib": versions}


class Regressor:
    def __init__(self, spec: EncoderSpec) -> None:
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        self.tokenizer = AutoTokenizer.from_pretrained(spec.path, local_files_only=True)
        model = AutoModelForSequenceClassification.from_pretrained(
            spec.path, local_files_only=True, use_safetensors=True
        )
        if model.config.num_labels != 1:
            raise NotComputed(f"{spec.label} gives {model.config.num_labels} outputs, a regression gives one")
        self.model: Any = model.eval().float()

    def score(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[float, int, int]]:
        """The value of each (reference, output), how many of its tokens the model does not know, and of how many."""
        import torch

        if not pairs:
            return []
        left, right = zip(*pairs, strict=True)
        encoded = self.tokenizer(list(left), list(right), truncation=True, max_length=self._longest())
        lengths = [len(row) for row in encoded["input_ids"]]
        found: list[tuple[float, int, int]] = [(0.0, 0, 0)] * len(pairs)
        with torch.inference_mode():
            for batch in batches(lengths):
                part = {key: [values[place] for place in batch] for key, values in encoded.items()}
                logits = self.model(**self.tokenizer.pad(part, return_tensors="pt")).logits[:, 0]
                for place, value in zip(batch, logits.tolist(), strict=True):
                    unknown = encoded["input_ids"][place].count(self.tokenizer.unk_token_id)
                    found[place] = value, unknown, lengths[place]
        return found

    def _longest(self) -> int:
        return int(min(self.tokenizer.model_max_length, getattr(self.model.config, "max_position_embeddings", 512)))


@cache
def load_regressor(spec: EncoderSpec) -> Regressor:
    return Regressor(spec)
