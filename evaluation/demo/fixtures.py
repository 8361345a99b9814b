"""The project's own data, as the demo sends it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from django.conf import settings

Json = dict[str, Any]


def _file(name: str) -> Path:
    return Path(settings.BASE_DIR) / "fixtures" / name


def rows(name: str) -> list[Json]:
    """A JSON array, or one JSON object a line."""
    text = _file(name).read_text(encoding="utf-8")
    found: list[Json] = json.loads(text) if name.endswith(".json") else [json.loads(line) for line in text.splitlines()]
    return found


def text(name: str) -> str:
    return _file(name).read_text(encoding="utf-8")


def instruction_rows() -> list[Json]:
    """Every training row, in the three shapes that an import takes."""
    return [*rows("train.jsonl"), *rows("train_alpaca.json"), *rows("train_sharegpt.json")]


BROKEN = {"type", "roles", "too_long", "control"}


def broken_rows() -> list[Any]:
    """The bad rows that are not rows at all, which an import refuses one by one."""
    lines = text("bad_rows.jsonl").splitlines()
    return [json.loads(lines[bad["line"] - 1]) for bad in rows("bad_rows.expected.json") if bad["kind"] in BROKEN]


def turns_of(row: Json) -> list[Json]:
    """The row's turns as `{role, content}`, its answer last if it has one."""
    if "conversations" in row:
        roles = {"human": "user", "gpt": "assistant", "system": "system"}
        return [{"role": roles[turn["from"]], "content": turn["value"]} for turn in row["conversations"]]
    instruction = f"{row['instruction']}\n{row.get('input') or ''}".strip()
    asked = [{"role": "user", "content": instruction}]
    return [*asked, {"role": "assistant", "content": row["output"]}] if row.get("output") else asked


def question(turns: list[Json]) -> str:
    """The person's turns as one text: how a script recognises what it is asked."""
    return "\n".join(turn["content"].strip() for turn in turns if turn["role"] == "user")


def task_question(item: Json) -> str:
    """The same of an item as annotators are handed it."""
    last = f"{item['instruction']}\n{item['input']}".strip()
    return question([*item["messages"], {"role": "user", "content": last}])


@cache
def references() -> dict[str, list[str]]:
    """Question → good answers, for the scripted raters."""
    return {question(item["turns"]): item["references"] for item in rows("eval.jsonl")}
