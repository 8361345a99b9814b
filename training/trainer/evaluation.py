"""Loss and perplexity of a model on rows: ΣNLL / Σtokens and its exponential, without keeping logits."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp
from pathlib import Path
from typing import Any

import numpy as np

from training.trainer.batch import Batch, make_batch
from training.trainer.events import Events
from training.trainer.plan import rank_passes
from training.trainer.ranks import Ranks
from training.trainer.rows import Rows
from training.trainer.spec import DTYPES, DataFile, TrainConfig
from training.trainer.tuned import Tuned


@dataclass(frozen=True)
class EvalFile:
    """`counts`: it is part of the one loss that decides; else it is only watched."""

    name: str
    rows: int
    counts: bool


@dataclass(frozen=True)
class Score:
    """ΣNLL and tokens of each file."""

    files: tuple[EvalFile, ...]
    nlls: tuple[float, ...]
    counted: tuple[int, ...]

    @property
    def tokens(self) -> int:
        return sum(n for file, n in zip(self.files, self.counted, strict=True) if file.counts)

    @property
    def loss(self) -> float:
        return sum(nll for file, nll in zip(self.files, self.nlls, strict=True) if file.counts) / self.tokens

    @property
    def perplexity(self) -> float:
        return exp(min(self.loss, 700.0))

    @property
    def losses(self) -> dict[str, float]:
        """Of every file by its name, where there are several."""
        if len(self.files) < 2:
            return {}
        each = zip(self.files, self.nlls, self.counted, strict=True)
        return {file.name: nll / n for file, nll, n in each if n}


def eval_files(files: Sequence[DataFile], tables: Sequence[Rows]) -> tuple[EvalFile, ...]:
    """A weight of 0 says that a file is only watched, unless there is no other to go by."""
    every = not any(file.weight and len(table) for file, table in zip(files, tables, strict=True))
    return tuple(
        EvalFile(Path(file.path).stem, len(table), every or bool(file.weight))
        for file, table in zip(files, tables, strict=True)
    )


def evaluate(tuned: Tuned, rows: Rows, files: tuple[EvalFile, ...], config: TrainConfig, ranks: Ranks) -> Score:
    import torch

    file_of_row = np.repeat(np.arange(len(files)), [file.rows for file in files])
    nlls = np.zeros(len(files))
    quiet = torch.inference_mode if tuned.root is None else torch.no_grad
    with quiet(), arithmetic(config, tuned.device):
        for batch, counts in _batches(tuned, rows, config, ranks):
            nll = tuned.loss(batch)[1].double().cpu().numpy()
            of_file = file_of_row[np.array(batch.rows)[batch.row_of_target]]
            nlls += np.bincount(of_file, nll, minlength=len(files)) * counts
    tokens = np.bincount(file_of_row, rows.supervised, minlength=len(files))
    summed = ranks.sum(nlls.tolist())
    return Score(files, tuple(map(float, summed)), tuple(map(int, tokens)))


def send_score(events: Events, step: int, score: Score) -> None:
    more = {"losses": score.losses} if score.losses else {}
    events.send("eval", step=step, loss=score.loss, perplexity=score.perplexity, tokens=score.tokens, **more)


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
    return torch.autocast(device.type, dtype=getattr(torch, DTYPES[config.precision]))


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
