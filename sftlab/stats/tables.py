"""Ratings and votes from CSV files. Every fault is one TableError that names the file, the line and what to do."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.votes import Choice, Votes

CHOICES = frozenset(Choice)


class TableError(ValueError):
    pass


@dataclass(frozen=True)
class Row:
    line: int
    cells: dict[str, str]


@dataclass(frozen=True)
class Table:
    path: Path
    columns: frozenset[str]
    rows: list[Row]

    def column(self, name: str) -> list[str]:
        return [row.cells[name] for row in self.rows]

    def fault(self, line: int, what: str) -> TableError:
        return TableError(f"{self.path}, line {line}: {what}")


def read_ratings(path: Path, *, level: Level) -> Ratings:
    """Columns unit, rater, value. A row with an empty value is a missing rating."""
    table = _read(path, required=("unit", "rater", "value"), may_be_empty=("value",))
    rated = [row for row in table.rows if row.cells["value"]]
    if not rated:
        raise table.fault(2, "no row has a value; add ratings, one a line, as unit,rater,value")
    _refuse_repeats(table, rated)
    values: Sequence[str | float]
    if level is Level.NOMINAL:
        values = [row.cells["value"] for row in rated]
    else:
        values = [_number(table, row, level) for row in rated]
    return Ratings.from_triples(
        [row.cells["unit"] for row in table.rows if row.cells["value"]],
        [row.cells["rater"] for row in rated],
        values,
        level=level,
    )


def read_votes(path: Path) -> Votes:
    """Columns left, right, choice, and unit and rater if the votes of one unit or rater belong together."""
    table = _read(path, required=("left", "right", "choice"), optional=("unit", "rater"))
    for row in table.rows:
        _check_vote(table, row)
    return Votes.from_columns(
        table.column("left"),
        table.column("right"),
        [row.cells["choice"].lower() for row in table.rows],
        raters=table.column("rater") if "rater" in table.columns else None,
        items=table.column("unit") if "unit" in table.columns else None,
    )


def _check_vote(table: Table, row: Row) -> None:
    if row.cells["choice"].lower() not in CHOICES:
        choice = row.cells["choice"]
        raise table.fault(row.line, f"choice is {choice!r}; write one of left, right, tie, both_bad")
    if row.cells["left"] == row.cells["right"]:
        raise table.fault(row.line, f"left and right are both {row.cells['left']!r}; a vote compares two systems")


def _refuse_repeats(table: Table, rows: list[Row]) -> None:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row.cells["unit"], row.cells["rater"])
        first = seen.setdefault(key, row.line)
        if first != row.line:
            raise table.fault(
                row.line, f"rater {key[1]!r} already rated unit {key[0]!r} in line {first}; keep one of the two"
            )


def _number(table: Table, row: Row, level: Level) -> float:
    text = row.cells["value"]
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        raise table.fault(
            row.line, f"value is {text!r}; level {level} needs numbers (for named categories use --level nominal)"
        )
    if level is Level.RATIO and number < 0:
        raise table.fault(row.line, f"value is {text}; level ratio has no negative values (use --level interval)")
    return number


def _read(
    path: Path, *, required: Sequence[str], optional: Sequence[str] = (), may_be_empty: Sequence[str] = ()
) -> Table:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return _parse(path, csv.reader(file, strict=True), required, optional, may_be_empty)
    except UnicodeDecodeError as error:
        raise TableError(f"{path}, line {_line_of(path, error)}: not UTF-8; save the file as CSV UTF-8") from error
    except OSError as error:
        raise TableError(f"{path}: {error.strerror}; check the name and that you may read it") from error


def _parse(
    path: Path,
    reader: Iterator[list[str]],
    required: Sequence[str],
    optional: Sequence[str],
    may_be_empty: Sequence[str],
) -> Table:
    lines = _lines(path, reader)
    _, header = next(lines, (1, []))
    names = [name.strip().lower() for name in header]
    for name in required:
        if names.count(name) != 1:
            fault = "no column" if name not in names else "more than one column"
            raise TableError(f"{path}, line 1: {fault} {name!r}; the first line must be {','.join(required)}")
    kept = [name for name in (*required, *optional) if name in names]
    table = Table(path, frozenset(kept), [])
    places = [(name, names.index(name)) for name in kept]
    for line, cells in lines:
        if len(cells) != len(names):
            raise table.fault(
                line, f"{len(cells)} cells where the first line has {len(names)}; quote cells with commas"
            )
        row = Row(line, {name: cells[place].strip() for name, place in places})
        for name in kept:
            if not row.cells[name] and name not in may_be_empty:
                raise table.fault(line, f"{name} is empty; fill it in or remove the line")
        table.rows.append(row)
    if not table.rows:
        raise table.fault(2, "nothing below the first line; add one row for each answer")
    return table


def _lines(path: Path, reader: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Line numbers as an editor shows them; blank lines are passed over."""
    while True:
        line = getattr(reader, "line_num", 0) + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TableError(f"{path}, line {line}: {error}; check the quotes and commas there") from error
        if cells:
            yield line, cells


def _line_of(path: Path, error: UnicodeDecodeError) -> int:
    readable = path.read_bytes().decode("utf-8", errors="surrogateescape")
    for number, text in enumerate(readable.split("\n"), start=1):
        if any("\udc80" <= letter <= "\udcff" for letter in text):
            return number
    return 1
