"""How an evaluation set's items are sorted into parts over which models are compared apart. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sftlab.text.segmentation import units

DIMENSIONS = ("category", "difficulty", "length")


@dataclass(frozen=True)
class Labelled:
    """What is known of one item; `texts` are its references, or its prompt where it has none."""

    key: str
    category: str
    difficulty: str
    texts: Sequence[str]


def labels(items: Sequence[Labelled]) -> dict[str, dict[str, str]]:
    """By dimension the label of each item that has one; items of one language."""
    lengths = {item.key: max((len(units(text)) for text in item.texts), default=0) for item in items}
    return {
        "category": {item.key: item.category for item in items if item.category},
        "difficulty": {item.key: item.difficulty for item in items if item.difficulty},
        "length": by_length(lengths),
    }


def by_length(lengths: Mapping[str, int]) -> dict[str, str]:
    """Three parts of about the same size, each named by the lengths it holds, such as "12–40".

    Items of the same length stay together, so there are fewer parts where lengths hardly differ.
    """
    ordered = sorted(lengths.values())
    tops = sorted({ordered[-(-len(ordered) * third // 3) - 1] for third in (1, 2, 3)}) if ordered else []
    part = {key: next(top for top in tops if length <= top) for key, length in lengths.items()}
    names = {}
    for top in tops:
        inside = [lengths[key] for key, own in part.items() if own == top]
        names[top] = f"{min(inside)}–{max(inside)}" if min(inside) < max(inside) else f"{min(inside)}"
    return {key: names[top] for key, top in part.items()}


def order(label: str) -> tuple[int, str]:
    """Lengths by number, everything else by name."""
    first = label.partition("–")[0]
    return (int(first), "") if first.isdecimal() else (0, label)
