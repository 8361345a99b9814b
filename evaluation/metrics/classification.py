"""Outputs that are labels: accuracy and macro-averaged precision, recall and F1, as scikit-learn defines them."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

import numpy as np

from evaluation.metrics.base import Floats, NotComputed, Pair, Prepared, Rows
from evaluation.metrics.workspace import Workspace
from sftlab.text.normalisation import normalise_loosely

MOST_LABELS = 100


class Labels(Prepared):
    """The labels are the references' texts, punctuation at the end, width and case aside.

    An output that equals none of them is wrong and predicts no label. Macro averages are over the references' labels,
    with 0 for one never predicted: ``labels=`` those and ``zero_division=0`` in scikit-learn.
    """

    average: ClassVar[str]

    def __init__(self) -> None:
        self._labels: dict[str, int] = {}
        self.columns: tuple[str, ...] = ()

    def prepare(self, pairs: Iterable[Pair]) -> None:
        labels = {normalise_loosely(reference) for pair in pairs for reference in pair.references if reference.strip()}
        if len(labels) > MOST_LABELS:
            raise NotComputed(f"{len(labels)} different references are texts, not labels (at most {MOST_LABELS})")
        self._labels = {label: number for number, label in enumerate(sorted(labels))}
        kinds = ("right", "predicted", "true")
        self.columns = tuple(f"{kind}:{label}" for kind in kinds for label in self._labels)

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        count = len(self._labels)
        rows = Rows.empty(len(pairs), 3 * count)
        for place, pair in enumerate(pairs):
            answer = normalise_loosely(pair.hypothesis)
            true = [normalise_loosely(reference) for reference in pair.references]
            expected = answer if answer in true else true[0]
            rows.statistics[place, 2 * count + self._labels[expected]] = 1
            if answer in self._labels:
                rows.statistics[place, count + self._labels[answer]] = 1
                rows.statistics[place, self._labels[answer]] = answer == expected
        return rows

    def value(self, totals: Floats) -> Floats:
        right, predicted, true = np.split(totals, 3, axis=-1)
        present = np.minimum(predicted + true, 1)
        return self.averaged(right, predicted, true, present)

    def averaged(self, right: Floats, predicted: Floats, true: Floats, present: Floats) -> Floats:
        raise NotImplementedError

    def details(self) -> dict[str, str]:
        return {"labels": str(len(self._labels)), "avg": self.average, "norm": "nfkc,space,casefold,punct"}


class Accuracy(Labels):
    """Share of outputs that name the right label."""

    name = "accuracy"
    average = "micro"

    def averaged(self, right: Floats, predicted: Floats, true: Floats, present: Floats) -> Floats:
        share: Floats = right.sum(axis=-1) / np.maximum(true.sum(axis=-1), 1)
        return share


class Precision(Labels):
    name = "precision"
    average = "macro"

    def averaged(self, right: Floats, predicted: Floats, true: Floats, present: Floats) -> Floats:
        return _macro(right / np.maximum(predicted, 1), present)


class Recall(Labels):
    name = "recall"
    average = "macro"

    def averaged(self, right: Floats, predicted: Floats, true: Floats, present: Floats) -> Floats:
        return _macro(right / np.maximum(true, 1), present)


class F1(Labels):
    name = "f1"
    average = "macro"

    def averaged(self, right: Floats, predicted: Floats, true: Floats, present: Floats) -> Floats:
        return _macro(2 * right / np.maximum(predicted + true, 1), present)


def _macro(values: Floats, present: Floats) -> Floats:
    mean: Floats = (values * present).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)
    return mean
