"""What leaves a study: votes as CSV, and preference pairs for a later stage of training. Pure."""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

COLUMNS = (
    "unit", "item", "language", "category", "rater", "scripted", "excluded", "left", "right", "choice", "scores",
    "reasons", "harmful", "comment", "lead_time", "layout",
)  # fmt: skip


def votes_csv(rows: Iterable[dict[str, Any]]) -> str:
    """`manage.py rank` reads it as it is."""
    return table_csv(COLUMNS, rows)


def table_csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    """Cells that a spreadsheet would run are quoted."""
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(row[name]) for name in columns})
    return out.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False) if value else ""
    if isinstance(value, str) and value[:1] in "=+-@\t\r" and value:
        return f"'{value}"
    return value


@dataclass(frozen=True)
class Compared:
    """A unit with what its raters chose: `choices` are first, second, tie or both_bad."""

    prompt: list[dict[str, str]]
    texts: tuple[str, str]
    models: tuple[str, str]
    language: str
    category: str
    choices: Sequence[str]
    scripted: int


def preferences(compared: Iterable[Compared]) -> Iterator[dict[str, Any]]:
    """Pairs that more raters decided one way than the other; `agreement` is the share of all votes that did."""
    for one in compared:
        counts = Counter(one.choices)
        if counts["first"] == counts["second"] or one.texts[0] == one.texts[1]:
            continue
        chosen = 0 if counts["first"] > counts["second"] else 1
        yield {
            "prompt": one.prompt,
            "chosen": one.texts[chosen],
            "rejected": one.texts[1 - chosen],
            "chosen_model": one.models[chosen],
            "rejected_model": one.models[1 - chosen],
            "agreement": max(counts["first"], counts["second"]) / len(one.choices),
            "votes": len(one.choices),
            "scripted_votes": one.scripted,
            "language": one.language,
            "category": one.category,
        }
