"""The bodies a slice is served with, made once when its snapshot is built. Pure."""

import csv
import hashlib
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

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


def csv_body(columns: Sequence[Mapping[str, Any]], rows: Iterable[Mapping[str, Any]]) -> str:
    """One line a model; a number, its interval, its n and what made it stand side by side."""
    keys = [str(column["key"]) for column in columns]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    parts = ("", "_low", "_high", "_n", "_signature")
    writer.writerow(
        [
            "position",
            "model_id",
            "model",
            "rank_best",
            "rank_worst",
            "strength",
            "strength_low",
            "strength_high",
            "votes",
        ]
        + ["scripted", "parameters", "tokens_per_s", "evaluated_at"]
        + [f"{key}{part}" for key in keys for part in parts]
    )
    for row in rows:
        writer.writerow([_safe(value) for value in (*_fixed(row), *_metrics(row, keys))])
    return out.getvalue()


def _fixed(row: Mapping[str, Any]) -> list[Any]:
    best, worst = row["rank"] or (None, None)
    strength, cost = row["strength"] or {}, row.get("cost") or {}
    return [
        row["position"],
        row["model"]["id"],
        row["model"]["name"],
        best,
        worst,
        strength.get("value"),
        strength.get("low"),
        strength.get("high"),
        row["votes"],
        row["scripted"],
        cost.get("parameters"),
        cost.get("tokens_per_s"),
        row.get("evaluated_at"),
    ]


def _metrics(row: Mapping[str, Any], keys: Sequence[str]) -> list[Any]:
    cells = [row["metrics"].get(key, {}) for key in keys]
    return [cell.get(name) for cell in cells for name in ("value", "low", "high", "n", "signature")]


def _safe(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula is set in quotes."""
    return f"'{value}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else value
