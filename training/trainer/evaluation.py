"""Loss and perplexity of a model on rows: ΣNLL / Σtokens and its exponential, without keeping logits."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp
from typing import Any

import numpy as np

from training.trainer.batch import Batch, make_batch
from training.trainer.plan import rank_passes
from training.trainer.ranks import Ranks
from training.trainer.rows import Rows
from training.trainer.spec import TrainConfig
from training.trainer.tuned import Tuned


@dataclass(frozen=True)
class Score:
    nll: float
    tokens: int

    @property
    def loss(self) -> float:
        return self.nll / self.tokens

    @property
    def perplexity(self) -> float:
        return exp(min(self.loss, 700.0))


def evaluate(tuned: Tuned, rows: Rows, config: TrainConfig, ranks: Ranks) -> Score:
    import torch

    nll = 0.0
    quiet = torch.inference_mode if tuned.root is None else torch.no_grad
    with quiet(), arithmetic(config, tuned.device):
        for batch, counts in _batches(tuned, rows, config, ranks):
            nll += float(tuned.loss(batch)[1].double().sum()) * counts
    return Score(float(ranks.sum(nll)), int(rows.supervised.sum()))


def row_scores(tuned: Tuned, rows: Rows, config: TrainConfig) -> Iterator[tuple[int, float, int]]:
    """(row, ΣNLL, tokens) in no set order."""
    import torch

    with torch.inference_mode():
        for batch, _ in _batches(tuned, rows, config, Ranks()):
            nll = tuned.loss(batch)[1].double().cpu().numpy()
            for i, row in enumerate(batch.rows):
                of_row = batch.row_of_target == i
                yield row, float(nll[of_row].sum()), int(of_row.sum())


def arithmetic(config: TrainConfig, device: Any) -> Any:
    """The context of a forward pass in the chosen precision."""
    import contextlib

    import torch

    if config.precision in ("fp32", "fp64"):
        return contextlib.nullcontext()
    kind = torch.bfloat16 if config.precision == "bf16" else torch.float16
    return torch.autocast(device.type, dtype=kind)


def _batches(tuned: Tuned, rows: Rows, config: TrainConfig, ranks: Ranks) -> Iterator[tuple[Batch, float]]:
    """Each with 1 where its rows count and 0 where it only keeps the others company."""
    tuned.model.eval()
    padded = not tuned.packs() or config.packing == "off"
    whole = TrainConfig(micro_tokens=config.micro_tokens)
    mine, spare = rank_passes(
        np.arange(len(rows)), rows.lengths, whole, ranks, padded=padded, even=tuned.root is not None
    )
    for i, group in enumerate([*mine, *spare]):
        yield make_batch(rows, group, tuned.device, padded=padded), float(i < len(mine))
