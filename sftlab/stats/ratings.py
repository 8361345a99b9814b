"""The table that agreement is computed from: units × raters, with gaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from math import isnan, log2

import numpy as np
from scipy.sparse import csr_array

from sftlab.stats.arrays import Bools, Floats, Ints

MISSING = -1


class Level(StrEnum):
    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"
    RATIO = "ratio"


class RatingsError(ValueError):
    pass


@dataclass(frozen=True)
class Ratings:
    """`codes[unit, rater]` points into `categories`, or is -1 where nothing was rated.

    `counts[unit]` is how many identical units a row stands for.
    """

    codes: Ints
    categories: tuple[str | float, ...]
    counts: Ints

    @classmethod
    def from_table(cls, table: Iterable[Sequence[str | float | None]], *, level: Level) -> "Ratings":
        """Rows are units, columns raters, None (or NaN) a gap."""
        rows = [list(row) for row in table]
        triples = [
            (unit, rater, value)
            for unit, row in enumerate(rows)
            for rater, value in enumerate(row)
            if value is not None and not (isinstance(value, float) and isnan(value))
        ]
        return cls.from_triples(
            [str(unit) for unit, _, _ in triples],
            [str(rater) for _, rater, _ in triples],
            [value for _, _, value in triples],
            level=level,
        )

    @classmethod
    def from_triples(
        cls, units: Sequence[str], raters: Sequence[str], values: Sequence[str | float], *, level: Level
    ) -> "Ratings":
        """Raises RatingsError when one rater rated one unit twice."""
        unit_codes, unit_names = _codes(units)
        rater_codes, rater_names = _codes(raters)
        value_codes, categories = _categories(values, level)
        codes = np.full((len(unit_names), len(rater_names)), MISSING, dtype=np.int64)
        codes[unit_codes, rater_codes] = value_codes
        if np.count_nonzero(codes != MISSING) != len(values):
            raise RatingsError("one rater rated the same unit twice")
        return cls(codes, categories, np.ones(len(unit_names), dtype=np.int64))

    @property
    def units(self) -> int:
        return int(self.counts.sum())

    @property
    def raters(self) -> int:
        return int(self.codes.shape[1])

    @cached_property
    def present(self) -> Bools:
        present: Bools = self.codes != MISSING
        return present

    @cached_property
    def complete(self) -> Bools:
        """Rows that every rater rated."""
        complete: Bools = self.ratings_per_unit == self.raters
        return complete

    @cached_property
    def ratings_per_unit(self) -> Floats:
        m: Floats = self.present.sum(axis=1).astype(np.float64)
        return m

    @cached_property
    def category_counts(self) -> Floats:
        """Rows × categories: how many raters chose each."""
        return np.asarray(self.incidence.toarray(), dtype=np.float64)

    @cached_property
    def incidence(self) -> csr_array:
        """`category_counts`, sparse: with continuous ratings nearly every rating is a category of its own."""
        rows, raters = np.nonzero(self.present)
        entries = (np.ones(len(rows)), (rows, self.codes[rows, raters]))
        return csr_array(entries, shape=(len(self.codes), len(self.categories)))

    @cached_property
    def squared_counts(self) -> Floats:
        """Each row's sum over categories of the squared count."""
        return np.asarray(self.incidence.power(2).sum(axis=1), dtype=np.float64)

    @cached_property
    def is_numeric(self) -> bool:
        return all(isinstance(category, float) for category in self.categories)

    @cached_property
    def numbers(self) -> Floats:
        """The categories as numbers."""
        return np.array(self.categories, dtype=np.float64)

    @cached_property
    def values(self) -> Floats:
        """Rows × raters, NaN where missing."""
        return np.where(self.present, np.append(self.numbers, np.nan)[self.codes], np.nan)

    def rows_where(self, kept: Bools) -> "Ratings":
        return Ratings(self.codes[kept], self.categories, self.counts[kept])

    def collapsed(self) -> "Ratings":
        """Identical units become one row with a count: resampling is then as dear as the number of patterns."""
        _, first, inverse = np.unique(self._row_keys(), axis=0, return_index=True, return_inverse=True)
        counts = np.bincount(inverse.ravel(), weights=self.counts, minlength=len(first)).astype(np.int64)
        return Ratings(self.codes[first], self.categories, counts)

    def _row_keys(self) -> Ints:
        """One number for each row where they fit into 62 bits, which sorts far faster than rows do."""
        base = len(self.categories) + 1
        if self.raters * log2(base) > 62:
            return self.codes
        keys: Ints = (self.codes + 1) @ base ** np.arange(self.raters)
        return keys


def _codes(names: Sequence[str]) -> tuple[Ints, list[str]]:
    index: dict[str, int] = {}
    codes = np.fromiter((index.setdefault(name, len(index)) for name in names), dtype=np.int64, count=len(names))
    return codes, list(index)


def _categories(values: Sequence[str | float], level: Level) -> tuple[Ints, tuple[str | float, ...]]:
    if level is Level.NOMINAL:
        codes, names = _codes([str(value) for value in values])
        return codes, tuple(names)
    numbers = np.asarray(values, dtype=np.float64)
    if not np.isfinite(numbers).all():
        raise RatingsError("ratings must be finite numbers at this level")
    if level is Level.RATIO and (numbers < 0).any():
        raise RatingsError("ratings at the ratio level cannot be negative")
    distinct, inverse = np.unique(numbers, return_inverse=True)
    return inverse.astype(np.int64), tuple(float(number) for number in distinct)
