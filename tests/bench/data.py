"""Rows to measure on: of the folder in BENCH_DATA where it is set, else the project's own."""

import json
import os
from pathlib import Path
from typing import Any

FIXTURES = Path(__file__).parents[2] / "fixtures"


def instruction_rows(language: str) -> list[dict[str, Any]]:
    """Single-turn rows `{instruction, input, output}` of one language, `en` or `zh`."""
    folder = os.environ.get("BENCH_DATA")
    if not folder:
        return _fixtures(language)
    file = Path(folder) / f"alpaca_{language}_demo.json"
    if not file.is_file():
        raise SystemExit(f"there is no file {file}: BENCH_DATA names a folder with rows in the Alpaca format")
    rows: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))
    return rows


def _fixtures(language: str) -> list[dict[str, Any]]:
    lines = (FIXTURES / "train.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["metadata"]["language"] == language and "instruction" in row]
    return [{key: row[key] for key in ("instruction", "input", "output")} for row in rows]
