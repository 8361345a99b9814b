"""Blind comparisons: who was on the left, who on the right, and what the rater chose."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

import numpy as np

from sftlab.stats.arrays import Floats, Ints


class Choice(StrEnum):
    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"
    BOTH_BAD = "both_bad"


LEFT_WINS, RIGHT_WINS, TIED = range(3)
_OUTCOMES = {Choice.LEFT: LEFT_WINS, Choice.RIGHT: RIGHT_WINS, Choice.TIE: TIED, Choice.BOTH_BAD: TIED}


class VotesError(ValueError):
    pass


@dataclass(frozen=True)
class Votes:
    """One entry for each vote. `raters` and `items` say which votes belong together; None where nobody knows."""

    systems: tuple[str, ...]
    left: Ints
    right: Ints
    outcomes: Ints
    raters: Ints | None = None
    items: Ints | None = None
    both_bad: int = 0

    @classmethod
    def from_columns(
        cls,
        left: Sequence[str],
        right: Sequence[str],
        choices: Sequence[str],
        *,
        raters: Sequence[str] | None = None,
        items: Sequence[str] | None = None,
        systems: Sequence[str] = (),
    ) -> "Votes":
        """`systems`: those that must appear even without a vote. "Both bad" is fitted as a tie and counted apart."""
        index = {name: position for position, name in enumerate(systems)}
        left_codes, right_codes = _codes(left, index), _codes(right, index)
        if (left_codes == right_codes).any():
            raise VotesError("a system cannot be compared with itself")
        outcomes = np.fromiter((_OUTCOMES[Choice(choice)] for choice in choices), dtype=np.int64, count=len(choices))
        return cls(
            tuple(index),
            left_codes,
            right_codes,
            outcomes,
            None if raters is None else _codes(raters, {}),
            None if items is None else _codes(items, {}),
            sum(choice == Choice.BOTH_BAD for choice in choices),
        )

    def __len__(self) -> int:
        return len(self.outcomes)

    @cached_property
    def cells(self) -> "Cells":
        return Cells.of(self)

    @cached_property
    def kinds(self) -> Ints:
        """Where each vote is counted in `cells.counts`, flattened."""
        place = np.zeros(len(self.systems) ** 2, dtype=np.int64)
        place[self.cells.keys] = np.arange(len(self.cells.left))
        kinds: Ints = place[self.left * len(self.systems) + self.right] * 3 + self.outcomes
        return kinds


@dataclass(frozen=True)
class Cells:
    """The votes counted by (left, right) pair: all that a likelihood needs. `counts` is pairs × outcomes."""

    systems: int
    left: Ints
    right: Ints
    counts: Floats

    @classmethod
    def of(cls, votes: Votes) -> "Cells":
        width = len(votes.systems)
        table = np.bincount((votes.left * width + votes.right) * 3 + votes.outcomes, minlength=width * width * 3)
        table = table.reshape(width * width, 3)
        shown = np.flatnonzero(table.sum(axis=1))
        return cls(width, shown // width, shown % width, table[shown].astype(np.float64))

    @property
    def votes(self) -> Floats:
        """How many in each cell, as one row."""
        return np.asarray(self.counts.sum(axis=1)[None, :])

    @property
    def keys(self) -> Ints:
        return self.left * self.systems + self.right


@dataclass(frozen=True)
class WinMatrix:
    """`wins[a, b]`: how often a was preferred to b; `ties` is symmetric and counts both-bad too."""

    systems: tuple[str, ...]
    wins: Ints
    ties: Ints

    @property
    def rates(self) -> Floats:
        """Share of a's comparisons with b that a won, a tie being half; NaN where they never met."""
        met = self.wins + self.wins.T + self.ties
        return np.where(met > 0, (self.wins + self.ties / 2) / np.maximum(met, 1), np.nan)


def win_matrix(votes: Votes) -> WinMatrix:
    width, cells = len(votes.systems), votes.cells
    wins = np.zeros((width, width))
    ties = np.zeros((width, width))
    np.add.at(wins, (cells.left, cells.right), cells.counts[:, LEFT_WINS])
    np.add.at(wins, (cells.right, cells.left), cells.counts[:, RIGHT_WINS])
    np.add.at(ties, (cells.left, cells.right), cells.counts[:, TIED])
    return WinMatrix(votes.systems, wins.astype(np.int64), (ties + ties.T).astype(np.int64))


def _codes(names: Sequence[str], index: dict[str, int]) -> Ints:
    return np.fromiter((index.setdefault(name, len(index)) for name in names), dtype=np.int64, count=len(names))
