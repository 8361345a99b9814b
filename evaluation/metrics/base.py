"""What a metric is: rows of sufficient statistics, and the value of their sum.

Everything else follows from the two: an item's value is the value of its row, the corpus value that of the column
sums, an interval that of resampled sums, a comparison that of two systems' sums over the same items.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from evaluation.metrics.workspace import Workspace
from sftlab.errors import SFTLabError
from sftlab.text.language import detect

Floats = NDArray[np.float64]
Better = Literal["higher", "lower", "neither"]

EMPTY_HYPOTHESIS = "empty_hypothesis"
TOKENISED_AS_MIXED = "tokenised_as_mixed"
EMPTY_REFERENCE = "empty_reference"
NO_TOKENS = "no_tokens"


class NotComputed(SFTLabError):
    """No number can be given, for a reason that concerns all rows: no fit encoder, no data, no isolation."""

    status = 409
    default_code = "not_computed"


@dataclass(frozen=True)
class Pair:
    """One output and what it is compared with; without a language, the references' scripts decide."""

    id: str
    hypothesis: str
    references: tuple[str, ...]
    language: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def spoken(self) -> str:
        return self.language or detect(" ".join(self.references)) or "und"

    @cached_property
    def script(self) -> str:
        """The language that chooses the tokeniser: ``mixed`` where the text is more Chinese than declared."""
        declared = self.spoken
        text = " ".join((self.hypothesis, *self.references))
        if declared in ("zh", "mixed") or text.isascii():
            return declared
        found = detect(text)
        return "mixed" if found in ("zh", "mixed") else declared


@dataclass
class Rows:
    """Sufficient statistics of pairs, in their order: ``flags`` qualify a row, a ``reason`` takes it out."""

    statistics: Floats
    flags: list[list[str]]
    reasons: list[str | None]

    @classmethod
    def empty(cls, rows: int, columns: int) -> "Rows":
        return cls(np.zeros((rows, columns)), [[] for _ in range(rows)], [None] * rows)

    @classmethod
    def joined(cls, parts: Sequence["Rows"], columns: int) -> "Rows":
        return cls(
            np.concatenate([np.zeros((0, columns)), *(part.statistics for part in parts)]),
            [flags for part in parts for flags in part.flags],
            [reason for part in parts for reason in part.reasons],
        )

    @property
    def valid(self) -> NDArray[np.bool_]:
        return np.array([reason is None for reason in self.reasons], dtype=bool)


class Metric(ABC):
    """One metric with its options set. Subclasses are small: columns, rows, value, and what their signature names."""

    name: str
    columns: tuple[str, ...]
    better: ClassVar[Better] = "higher"
    version: ClassVar[int] = 1
    needs_references: ClassVar[bool] = True

    @abstractmethod
    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        """Rows of pairs that each have a reference (where one is needed) with text in it."""

    @abstractmethod
    def value(self, totals: Floats) -> Floats:
        """The value of summed rows; the last axis is ``columns``."""

    def parts(self, totals: Floats) -> dict[str, float]:
        """Named figures beside the value, such as precision and recall."""
        return {}

    def details(self) -> dict[str, str]:
        """What besides name and version decides the value: tokenisers, smoothing, model and layer."""
        return {}

    def refusal(self, rows: Rows) -> str | None:
        """Why the rows as a whole give no number, although some of them could."""
        return None

    def rows(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        """Rows of any pairs: those without a usable reference get a reason, empty outputs a flag."""
        kept, reasons = [], []
        for pair in pairs:
            usable = tuple(reference for reference in pair.references if reference.strip())
            reasons.append(None if usable or not self.needs_references else EMPTY_REFERENCE)
            if reasons[-1] is None:
                kept.append(pair if len(usable) == len(pair.references) else replace(pair, references=usable))
        found = self.statistics(kept, workspace)
        return _spread(found, reasons, pairs)

    @property
    def signature(self) -> str:
        details = {"v": str(self.version), **self.details()}
        return "|".join([self.name, *(f"{key}:{value}" for key, value in details.items())])


class Prepared(Metric):
    """A metric that must look at all items' references before the first rows: idf, the set of labels."""

    @abstractmethod
    def prepare(self, pairs: Iterable[Pair]) -> None: ...


def _spread(found: Rows, reasons: list[str | None], pairs: Sequence[Pair]) -> Rows:
    rows = Rows.empty(len(pairs), found.statistics.shape[1])
    kept = [place for place, reason in enumerate(reasons) if reason is None]
    rows.reasons = list(reasons)
    for row, place in enumerate(kept):
        rows.statistics[place] = found.statistics[row]
        rows.flags[place] = found.flags[row]
        rows.reasons[place] = found.reasons[row]
    for place, pair in enumerate(pairs):
        if not pair.hypothesis.strip():
            rows.flags[place] = [EMPTY_HYPOTHESIS, *rows.flags[place]]
        if rows.reasons[place] is not None:
            rows.statistics[place] = 0
    return rows


class MeanMetric(Metric):
    """A metric whose corpus value is the mean of its items: the last column counts them, the first is the value."""

    columns: tuple[str, ...] = ("value", "items")

    def value(self, totals: Floats) -> Floats:
        return np.divide(totals[..., 0], totals[..., -1], out=np.zeros(totals.shape[:-1]), where=totals[..., -1] > 0)
