"""A study's numbers as flat tables: whatever its page draws or tabulates can be taken away as CSV. Pure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = dict[str, Any]
Slice = Mapping[str, Any]


@dataclass(frozen=True)
class StudyTable:
    columns: tuple[str, ...]
    rows: Callable[[Slice, Mapping[str, Any]], Iterator[Row]]
    """From the whole slice and the raters of a stored result."""


def _ranking(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    for one in (whole["ranking"] or {"systems": []})["systems"]:
        best, worst = one["ranks"]
        yield {**one, "system": one["name"], "best_rank": best, "worst_rank": worst}


def _pairs(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    if whole["ranking"] is None:
        return
    names = {one["model"]: one["name"] for one in whole["ranking"]["systems"]}
    for pair in whole["ranking"]["verdict"]["pairs"]:
        yield {**pair, "first": names[pair["first"]], "second": names[pair["second"]]}


def _matrix(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    found = whole["matrix"] or {"names": []}
    for row, name in enumerate(found["names"]):
        for column, other in enumerate(found["names"]):
            if row != column:
                yield {
                    "system": name,
                    "against": other,
                    "won": found["wins"][row][column],
                    "tied": found["ties"][row][column],
                    "lost": found["wins"][column][row],
                    "rate": found["rates"][row][column],
                }


def _means(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    for dimension, scored in whole["likert"].items():
        for one in scored["means"]:
            yield {**one, "dimension": dimension, "system": one["name"]}


def _severity(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    for dimension, scored in whole["likert"].items():
        for alias, one in scored["severity"].items():
            yield {**one, "dimension": dimension, "rater": alias}


def _agreement(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    for judged, found in whole["agreement"].items():
        for name, one in found["coefficients"].items():
            yield {
                **one,
                "judged": judged,
                "level": found["level"],
                "raters": found["raters"],
                "coefficient": name,
                **{key: (one[key] or {}).get("text", "") for key in ("reason", "reading")},
            }


def _raters(whole: Slice, raters: Mapping[str, Any]) -> Iterator[Row]:
    for alias, one in raters.items():
        row: Row = {"rater": alias, "votes": one["votes"], "median_seconds": one["median_seconds"]}
        for share in _SHARES:
            found = one.get(share, {})
            row |= {share: found.get("share"), **{f"{share}_{part}": found.get(part) for part in ("low", "high", "n")}}
        yield row


_SHARES = ("left", "careful", "consistent", "side_free", "like_others")
_SHARE_COLUMNS = tuple(f"{share}{part}" for share in _SHARES for part in ("", "_low", "_high", "_n"))

TABLES = {
    "ranking": StudyTable(
        ("system", "best_rank", "worst_rank", "strength", "low", "high", "votes", "wins", "losses", "ties", "both_bad"),
        _ranking,
    ),
    "pairs": StudyTable(("first", "second", "difference", "low", "high", "state", "more_votes"), _pairs),
    "matrix": StudyTable(("system", "against", "won", "tied", "lost", "rate"), _matrix),
    "means": StudyTable(("dimension", "system", "mean", "low", "high", "raw", "n", "adjusted"), _means),
    "severity": StudyTable(("dimension", "rater", "severity", "low", "high", "n"), _severity),
    "agreement": StudyTable(
        ("judged", "level", "coefficient", "value", "low", "high", "n", "left_out", "raters", "reason", "reading"),
        _agreement,
    ),
    "raters": StudyTable(("rater", "votes", "median_seconds", *_SHARE_COLUMNS), _raters),
}
