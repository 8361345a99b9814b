"""A stored slice as its page shows it: every number with the scale of its column."""

from dataclasses import dataclass
from typing import Any

from evaluation.metric_titles import title_of
from evaluation.models import Leaderboard, Snapshot, SnapshotSlice
from evaluation.selectors.history import diff
from evaluation.selectors.tables import decimals_of


@dataclass(frozen=True)
class Scale:
    smallest: float
    largest: float


@dataclass(frozen=True)
class BoardColumn:
    key: str
    title: str
    evalset: str
    language: str
    better: str
    signature: str
    scale: Scale
    decimals: int


@dataclass(frozen=True)
class BoardRow:
    row: dict[str, Any]
    cells: list[tuple[BoardColumn, dict[str, Any] | None]]


@dataclass(frozen=True)
class Board:
    head: dict[str, Any]
    columns: list[BoardColumn]
    rows: list[BoardRow]
    strength: Scale
    ranked: bool
    likert: list[str]
    scripted: bool


def board(found: SnapshotSlice) -> Board:
    rows: list[dict[str, Any]] = found.rows
    columns = [_column(one, rows) for one in found.head["columns"]]
    return Board(
        head=found.head,
        columns=columns,
        rows=[BoardRow(row, [(column, row["metrics"].get(column.key)) for column in columns]) for row in rows],
        strength=_scale([row["strength"] for row in rows if row["strength"]]),
        ranked=any(row["rank"] or row["strength"] for row in rows),
        likert=sorted({name for row in rows for name in row["likert"]}),
        scripted=any(row["scripted"] for row in rows),
    )


def _column(one: dict[str, Any], rows: list[dict[str, Any]]) -> BoardColumn:
    scale = _scale([row["metrics"][one["key"]] for row in rows if one["key"] in row["metrics"]])
    return BoardColumn(
        key=one["key"],
        title=title_of(one["metric"]),
        evalset=one.get("evalset", ""),
        language=one["language"],
        better=one["better"],
        signature=one["signature"],
        scale=scale,
        decimals=decimals_of(one["metric"]),
    )


def _scale(cells: list[dict[str, Any]]) -> Scale:
    ends = [cell[name] for cell in cells for name in ("low", "high", "value") if cell.get(name) is not None]
    if not ends:
        return Scale(0.0, 1.0)
    room = 0.05 * (max(ends) - min(ends)) or 0.5 * abs(max(ends)) or 1.0
    return Scale(min(ends) - room, max(ends) + room)


def snapshots_of(leaderboard: Leaderboard, most: int = 50) -> list[Snapshot]:
    return list(Snapshot.objects.filter(leaderboard=leaderboard).defer("inputs", "definition")[:most])


def changes_to(snapshot: Snapshot, *, language: str, category: str) -> dict[str, Any] | None:
    """What moved since the one before, if both have the slice."""
    before = Snapshot.objects.filter(leaderboard=snapshot.leaderboard, number=snapshot.number - 1).first()
    slices = {"language": language, "category": category}
    if before is None or not before.slices.filter(**slices).exists():
        return None
    return diff(snapshot.leaderboard, before=before.number, after=snapshot.number, **slices)
