"""JSONL rows in any of the three common shapes, as conversations. A broken line is named."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from training.trainer.errors import TrainerError
from training.trainer.files import sha256
from training.trainer.spec import DataFile

ROLES = {"human": "user", "gpt": "assistant", "user": "user", "assistant": "assistant", "system": "system"}
DIFFICULTY = {"easy": 1.0, "medium": 2.0, "hard": 3.0}


@dataclass(frozen=True)
class Record:
    id: str
    messages: tuple[dict[str, str], ...]
    weight: float = 1.0
    difficulty: float = 0.0


def read_file(run_dir: Path, file: DataFile) -> list[Record]:
    """Raises where the file is not the one the spec was written for."""
    path = run_dir / file.path
    if file.sha256 and sha256(path) != file.sha256:
        raise TrainerError("data_changed", f"{file.path} is not the file the run was made for: its sha256 differs.")
    return list(read_records(path))


def read_records(path: Path) -> Iterator[Record]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                try:
                    yield to_record(json.loads(line.decode("utf-8")), str(number))
                except (ValueError, TypeError, KeyError, AttributeError) as problem:
                    message = f"{path.name} line {number} is broken: {_reason(problem)}. Correct or remove it."
                    raise TrainerError("broken_line", message) from None


def to_record(row: Mapping[str, Any], default_id: str) -> Record:
    if not isinstance(row, dict):
        raise TypeError("it is no JSON object")
    metadata = row.get("metadata") or {}
    difficulty = row.get("difficulty", metadata.get("difficulty", 0.0)) or 0.0
    weight = float(row.get("weight") or 1.0) if row.get("weight") != 0 else 0.0
    if not 0 <= weight < inf:
        raise ValueError(f"its weight is {weight}")
    return Record(
        id=str(row.get("id", default_id)),
        messages=tuple(to_messages(row)),
        weight=weight,
        difficulty=DIFFICULTY[difficulty] if isinstance(difficulty, str) else float(difficulty),
    )


def to_messages(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """From messages, ShareGPT (`conversations`) or Alpaca (`instruction`, `input`, `output`, `system`, `history`)."""
    if "messages" in row:
        turns = [(turn["role"], turn["content"]) for turn in row["messages"]]
    elif "conversations" in row:
        turns = [("system", row["system"])] if row.get("system") else []
        turns += [(turn["from"], turn["value"]) for turn in row["conversations"]]
    else:
        turns = _alpaca(row)
    messages = [{"role": ROLES[role], "content": content} for role, content in turns]
    if not messages:
        raise ValueError("it has no messages")
    if not all(isinstance(message["content"], str) for message in messages):
        raise TypeError("a message's content is no text")
    return messages


def _alpaca(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    turns = [("system", row["system"])] if row.get("system") else []
    for question, answer in row.get("history") or ():
        turns += [("user", question), ("assistant", answer)]
    question = row["instruction"] + ("\n" + row["input"] if row.get("input") else "")
    return [*turns, ("user", question), ("assistant", row["output"])]


def _reason(problem: Exception) -> str:
    if isinstance(problem, KeyError):
        return f"it lacks {problem}, or that value is not known"
    return str(problem)
