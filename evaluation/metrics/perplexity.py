"""How well a model predicts the references: perplexity, and bits per character, which vocabularies do not change."""

from collections.abc import Sequence
from functools import cache
from importlib import metadata
from math import log
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from evaluation.metrics.base import Better, Floats, Metric, NotComputed, Pair, Rows
from evaluation.metrics.encoders import EncoderSpec, batches, weights_sha256
from evaluation.metrics.workspace import Workspace

LONGEST = 2048
BATCH_TOKENS = 1024  # each costs a vocabulary of logits
TRUNCATED = "truncated"
NOT_PREDICTED = "not_predicted"


class Perplexity(Metric):
    """exp(ΣNLL / Σtokens) over all references, in the tokens of the model.

    A pair's ``data`` may bring ``{"nll": nats, "tokens": count}`` (the trainer's task ``perplexity`` writes them, given
    the prompt); otherwise the local model in ``model``, if there is one, scores the bare text of the first reference.
    """

    name = "perplexity"
    columns = ("nll", "tokens", "characters")
    better: ClassVar[Better] = "lower"

    def __init__(self, *, model: dict[str, Any] | None = None) -> None:
        self.spec = EncoderSpec(layer=0, **model) if model else None
        self._given = False

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        missing = []
        for place, pair in enumerate(pairs):
            if {"nll", "tokens"} <= pair.data.keys():
                self._given = True
                rows.statistics[place] = pair.data["nll"], pair.data["tokens"], len(pair.references[0])
            else:
                missing.append(place)
        if self.spec is None:
            for place in missing:
                rows.reasons[place] = NOT_PREDICTED
        elif missing:
            scored = load_scorer(self.spec).nll([pairs[place].references[0] for place in missing])
            for place, (nll, tokens, characters, cut) in zip(missing, scored, strict=True):
                rows.statistics[place] = nll, tokens, characters
                rows.flags[place] += [TRUNCATED] if cut else []
        return rows

    def refusal(self, rows: Rows) -> str | None:
        if set(rows.reasons) == {NOT_PREDICTED}:
            return "no model predicted the references: its weights are not here"
        return None

    def value(self, totals: Floats) -> Floats:
        return np.exp(np.minimum(totals[..., 0] / np.maximum(totals[..., 1], 1), 700.0))

    def details(self) -> dict[str, str]:
        own = f"{self.spec.label}@{weights_sha256(self.spec)[:12]}" if self.spec else ""
        model = ",".join(filter(None, ["given" if self._given else "", own])) or "none"
        return {
            "model": model,
            "lib": ",".join(f"{name}-{metadata.version(name)}" for name in ("transformers", "torch")),
        }


class BitsPerChar(Perplexity):
    """ΣNLL / ln 2 / Σcharacters."""

    name = "bits_per_char"

    def value(self, totals: Floats) -> Floats:
        return totals[..., 0] / log(2) / np.maximum(totals[..., 2], 1)


class Scorer:
    def __init__(self, spec: EncoderSpec) -> None:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        if not Path(spec.path).is_dir():
            raise NotComputed(f"There is no model folder {spec.path}")
        folder = spec.folder
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self.model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        self.model.eval().float()

    def nll(self, texts: Sequence[str]) -> list[tuple[float, int, int, bool]]:
        """Nats, tokens and characters of each text after the model's first mark, and whether it was cut."""
        import torch

        mark = self.tokenizer.bos_token_id
        mark = self.tokenizer.eos_token_id if mark is None else mark
        encoded = self.tokenizer(list(texts), add_special_tokens=False, return_offsets_mapping=True, verbose=False)
        rows = [[mark, *tokens][:LONGEST] for tokens in encoded["input_ids"]]
        found: list[tuple[float, int, int, bool]] = [(0.0, 0, 0, False)] * len(rows)
        with torch.inference_mode():
            for batch in batches([len(row) for row in rows], BATCH_TOKENS):
                nats = self._batch([rows[place] for place in batch])
                for place, value in zip(batch, nats, strict=True):
                    tokens, offsets = len(rows[place]) - 1, encoded["offset_mapping"][place]
                    characters = int(offsets[tokens - 1][1]) if tokens else 0
                    found[place] = value, tokens, characters, tokens < len(offsets)
        return found

    def _batch(self, rows: Sequence[list[int]]) -> list[float]:
        """Right-padded, so that a text's positions, and its NLL, do not depend on its neighbours."""
        import torch

        longest = max(map(len, rows))
        tokens = torch.zeros(len(rows), longest, dtype=torch.long)
        mask = torch.zeros(len(rows), longest, dtype=torch.long)
        for number, row in enumerate(rows):
            tokens[number, : len(row)] = torch.tensor(row)
            mask[number, : len(row)] = 1
        logits = self.model(tokens, attention_mask=mask).logits[:, :-1].float()
        losses = torch.nn.functional.cross_entropy(logits.transpose(1, 2), tokens[:, 1:], reduction="none")
        return [float(value) for value in (losses.double() * mask[:, 1:]).sum(dim=1)]


@cache
def load_scorer(spec: EncoderSpec) -> Scorer:
    return Scorer(spec)
