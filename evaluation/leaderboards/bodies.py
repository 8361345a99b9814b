"""The bodies a slice is served with, made once when its snapshot is built. Pure."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from evaluation.leaderboards.columns import PARTS

SCHEMA = 1


def canonical(value: object) -> bytes:
    """One text for equal values, for digests."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def digest(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def etag_of(body: str) -> str:
    return f'"{hashlib.sha256(body.encode()).hexdigest()[:40]}"'


def json_body(head: Mapping[str, Any], columns: Sequence[Any], rows: Sequence[Any]) -> str:
    whole = {"schema": SCHEMA, **head, "columns": columns, "rows": rows}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"))


def csv_body(
    columns: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], parts: Collection[str] = PARTS
) -> str:
    """One line a model; a number, its interval, its n and what made it stand side by side."""
    fields = _fields(parts, sorted({name for row in rows for name in row.get("likert") or {}}))
    fields |= {
        f"{column['key']}{end}": _reader("metrics", column["key"], name)
        for column in columns
        for end, name in (*ENDS, ("_signature", "signature"))
    }
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([_safe(name) for name in fields])
    for row in rows:
        writer.writerow([_safe(read(row)) for read in fields.values()])
    return out.getvalue()


Read = Callable[[Mapping[str, Any]], Any]
ENDS = (("", "value"), ("_low", "low"), ("_high", "high"), ("_n", "n"))


def _fields(parts: Collection[str], dimensions: Sequence[str]) -> dict[str, Read]:
    """By column name, how it is read off a row."""
    fields: dict[str, Read] = {
        "position": _reader("position"),
        "model_id": _reader("model", "id"),
        "model": _reader("model", "name"),
        "base": _reader("base"),
    }
    if "rank" in parts:
        fields |= {"rank_best": _reader("rank", 0), "rank_worst": _reader("rank", 1)}
    if "strength" in parts:
        fields |= {f"strength{end}": _reader("strength", name) for end, name in ENDS[:3]}
    if "votes" in parts:
        fields["votes"] = _reader("votes")
    if "likert" in parts:
        means = (("", "mean"), *ENDS[1:])
        fields |= {f"{one}{end}": _reader("likert", one, name) for one in dimensions for end, name in means}
    if "cost" in parts:
        fields |= {name: _reader("cost", name) for name in ("parameters", "tokens_per_s")}
    return fields | {
        "evaluated_at": _reader("evaluated_at"),
        "scripted": _reader("scripted"),
        "flags": lambda row: " ".join(row["flags"]),
    }


def _reader(*path: str | int) -> Read:
    """None where the row does not go that far."""

    def read(row: Mapping[str, Any]) -> Any:
        found: Any = row
        for step in path:
            found = found.get(step) if isinstance(found, Mapping) else found[step] if found else None  # type: ignore[index]
        return found

    return read


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is set in quotes."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
