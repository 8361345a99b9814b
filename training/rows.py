"""A run's rows, written into its RUN_DIR once."""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from annotation.models import DatasetVersion
from annotation.selectors import version_rows
from annotation.selectors.withdrawals import refuse_withdrawn

TRAIN = "train"
EVAL = ("validation", "valid", "dev", "eval")


def train_split(version: DatasetVersion) -> str | None:
    """`train`, or all rows of a version without splits of that name."""
    return TRAIN if TRAIN in version.splits else None


def eval_split(version: DatasetVersion) -> str | None:
    """The test split is no part of training: it is kept for the evaluation after it."""
    return next((name for name in EVAL if version.splits.get(name)), None)


def train_rows(version: DatasetVersion) -> int:
    return int(version.splits.get(TRAIN, 0)) if TRAIN in version.splits else version.rows


def eval_name(position: int) -> str:
    """What the trainer calls the evaluation rows of a run's n-th version."""
    return f"eval-{position}"


def write_data(run_dir: Path, versions: Iterable[tuple[DatasetVersion, float]]) -> dict[str, list[dict[str, Any]]]:
    """The spec's `data` and `eval_data`. Raises Conflict when a row was withdrawn, also since they were written."""
    data, eval_data = [], []
    for position, (version, weight) in enumerate(versions):
        refuse_withdrawn(version)
        entry = _write(run_dir / f"data-{position}.jsonl", version_rows(version, split=train_split(version)))
        data.append({**entry, "weight": weight})
        if split := eval_split(version):
            entry = _write(run_dir / f"{eval_name(position)}.jsonl", version_rows(version, split=split))
            eval_data.append({**entry, "weight": weight})
    return {"data": data, "eval_data": eval_data}


def _write(path: Path, rows: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Whole or not at all; a file that is there is kept, since versions do not change."""
    if not path.exists():
        beside = path.with_name(f".{path.name}.{os.getpid()}")
        with beside.open("w", encoding="utf-8") as file:
            for row in rows:
                file.write(json.dumps(_record(row), ensure_ascii=False) + "\n")
        beside.replace(path)
    with path.open("rb") as file:
        return {"path": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _record(row: Mapping[str, Any]) -> dict[str, Any]:
    record = {"id": str(row["id"]), "messages": row["messages"]}
    difficulty = (row.get("metadata") or {}).get("difficulty")
    return {**record, "difficulty": difficulty} if difficulty else record
