"""Which rows make which step and pass: a pure function of lengths, seed and config, so a resumed run repeats it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt

from training.trainer.ranks import Ranks
from training.trainer.spec import TrainConfig

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Rows start..start + count of the table come from one data file."""

    start: int
    count: int
    weight: float


@dataclass(frozen=True)
class Plan:
    parts: tuple[Part, ...]
    lengths: Indices
    difficulty: npt.NDArray[np.float64]
    config: TrainConfig
    seed: int

    @property
    def rows_per_epoch(self) -> int:
        return sum(_drawn(self.parts, self.config.mixing))

    @property
    def steps_per_epoch(self) -> int:
        return ceil(self.rows_per_epoch / self.config.batch_size)

    @property
    def steps(self) -> int:
        steps = max(1, round(self.config.epochs * self.steps_per_epoch))
        return min(steps, self.config.max_steps or steps)

    def step_rows(self, first: int = 0) -> Iterator[Indices]:
        """The rows of every step from `first` on."""
        size, per_epoch = self.config.batch_size, self.steps_per_epoch
        for epoch in range(first // per_epoch, ceil(self.steps / per_epoch)):
            order = self._epoch(epoch)
            for step in range(max(first, epoch * per_epoch), min(self.steps, (epoch + 1) * per_epoch)):
                at = (step - epoch * per_epoch) * size
                yield order[at : at + size]

    def _epoch(self, epoch: int) -> Indices:
        rng = np.random.default_rng([self.seed, epoch])
        drawn = _drawn(self.parts, self.config.mixing)
        rows = [
            part.start + _draw(part.count, number, np.random.default_rng([self.seed, i]), epoch * number)
            for i, (part, number) in enumerate(zip(self.parts, drawn, strict=True))
        ]
        order = rng.permutation(np.concatenate(rows))
        if self.config.curriculum:
            keys = self.lengths if self.config.curriculum == "length" else self.difficulty
            order = order[np.argsort(keys[order], kind="stable")]
        return np.asarray(order, np.int64)


def passes(rows: Indices, lengths: Indices, config: TrainConfig, *, padded: bool) -> list[list[int]]:
    """The rows of one step as forward passes, rows of like length together."""
    ordered = [int(i) for i in rows[np.argsort(lengths[rows], kind="stable")]]
    if config.accumulation:
        return [list(map(int, part)) for part in np.array_split(ordered, config.accumulation) if len(part)]
    assert config.micro_tokens is not None  # `use_device` has chosen it
    groups: list[list[int]] = [[]]
    for row in ordered:
        if groups[-1] and _size([*groups[-1], row], lengths, padded) > config.micro_tokens:
            groups.append([])
        groups[-1].append(row)
    return [group for group in groups if group]


def share(rows: Indices, lengths: Indices, rank: int, world: int) -> Indices:
    """This rank's rows of a step: the longest first, each to the rank that has the fewest tokens so far."""
    if world == 1:
        return rows
    held, mine = [0] * world, []
    for row in rows[np.argsort(-lengths[rows], kind="stable")]:
        lightest = held.index(min(held))
        held[lightest] += int(lengths[row])
        if lightest == rank:
            mine.append(row)
    return np.array(mine, np.int64)


def rank_passes(
    rows: Indices, lengths: Indices, config: TrainConfig, ranks: Ranks, *, padded: bool, even: bool
) -> tuple[list[list[int]], list[list[int]]]:
    """This process's passes of a step and, where all must make the same number, what it repeats without counting."""
    every = [
        passes(share(rows, lengths, rank, ranks.world), lengths, config, padded=padded)
        for rank in (range(ranks.world) if even else (ranks.rank,))
    ]
    mine = every[ranks.rank] if even else every[0]
    shortest = [int(rows[np.argmin(lengths[rows])])]
    return mine, [shortest] * (max(map(len, every)) - len(mine))


def _size(group: Sequence[int], lengths: Indices, padded: bool) -> int:
    return int(lengths[group].max()) * len(group) if padded else int(lengths[group].sum())


def _drawn(parts: Sequence[Part], mixing: str) -> list[int]:
    if mixing == "repeat":
        return [round(part.weight * part.count) for part in parts]
    total, weight = sum(part.count for part in parts), sum(part.weight for part in parts if part.count)
    return [round(total * part.weight / weight) if part.count else 0 for part in parts]


def _draw(count: int, number: int, rng: np.random.Generator, skip: int) -> Indices:
    """`number` of `count` rows; an endless series of shuffles goes on where the last epoch ended, so each row comes
    equally often."""
    if not count:
        return np.zeros(0, np.int64)
    rounds = [rng.permutation(count) for _ in range(ceil((skip + number) / count))]
    return np.concatenate([np.zeros(0, np.int64), *rounds])[skip : skip + number].astype(np.int64)
