"""What a leaderboard compares, as its JSON column holds it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sftlab.errors import BadInput
from training.trainer.dataclass_reader import read
from training.trainer.errors import Fault

BY_RANK = "rank"


@dataclass(frozen=True)
class Definition:
    metrics: tuple[str, ...] = ()
    """Columns, in this order; none means every metric that was scored."""
    order: str = ""
    """`rank` (people's votes) or a metric; empty means votes where there is a study, otherwise the first metric."""
    languages: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    """Slices besides the whole: each language, each category and each pair of them."""
    evalsets: tuple[str, ...] = ()
    """Ids of further evaluation sets, such as a general one: their scores stand in columns of their own."""
    models: tuple[str, ...] = ()
    """Ids of those to compare; none means every model with all its outputs."""
    version: int = 1

    @property
    def slices(self) -> list[tuple[str, str]]:
        return [(language, category) for language in ("", *self.languages) for category in ("", *self.categories)]

    def as_json(self) -> dict[str, Any]:
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}


def read_definition(raw: Mapping[str, Any]) -> Definition:
    """Raises BadInput with every fault."""
    faults: list[Fault] = []
    found = read(Definition, raw, "definition", faults)
    if found is None:
        raise BadInput(
            "The definition has faults.", errors=[{"field": fault.field, "reason": fault.reason} for fault in faults]
        )
    return found
