"""Rows as the tensors of one forward pass: end to end without padding, or side by side with padding."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from training.trainer.rows import Rows


@dataclass(frozen=True)
class Batch:
    """`predict` are places in the flattened hidden states (virtual tokens not counted), `targets` what comes next."""

    input_ids: Any
    position_ids: Any
    row_lengths: tuple[int, ...] | None
    predict: Any
    targets: Any
    weights: Any
    row_of_target: Any
    rows: tuple[int, ...]


def make_batch(rows: Rows, chosen: Sequence[int], device: Any, *, padded: bool) -> Batch:
    import torch

    pairs = [rows.row(i) for i in chosen]
    lengths = [len(ids) for ids, _ in pairs]
    starts = _starts(lengths, padded)
    learnt = [np.flatnonzero(flags) for _, flags in pairs]
    predict = np.concatenate([start + at - 1 for start, at in zip(starts, learnt, strict=True)])
    targets = np.concatenate([ids[at] for (ids, _), at in zip(pairs, learnt, strict=True)])
    of_row = np.repeat(np.arange(len(pairs)), [len(at) for at in learnt])
    weights = rows.weights[list(chosen)]

    def tensor(array: Any, kind: Any = torch.long) -> Any:
        return torch.as_tensor(np.ascontiguousarray(array), dtype=kind).to(device)

    return Batch(
        input_ids=tensor(_side_by_side(pairs, lengths) if padded else np.concatenate([ids for ids, _ in pairs])[None]),
        position_ids=None if padded else tensor(np.concatenate([np.arange(n) for n in lengths])[None]),
        row_lengths=None if padded else tuple(lengths),
        predict=tensor(predict),
        targets=tensor(targets),
        weights=None if (weights == 1).all() else tensor(weights[of_row], torch.float64),
        row_of_target=of_row,
        rows=tuple(chosen),
    )


def _starts(lengths: Sequence[int], padded: bool) -> list[int]:
    if padded:
        return [i * max(lengths) for i in range(len(lengths))]
    return [0, *np.cumsum(lengths)[:-1].tolist()]


def _side_by_side(pairs: Sequence[tuple[Any, Any]], lengths: Sequence[int]) -> Any:
    """Padded on the right, where no token of a causal model looks; no id means padding, so none is lost."""
    table = np.zeros((len(pairs), max(lengths)), np.int64)
    for line, (ids, _) in zip(table, pairs, strict=True):
        line[: len(ids)] = ids
    return table
