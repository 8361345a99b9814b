"""Rows in the shapes that people have them in, made one: pure.

Accepted: the full record `{id, instruction, input, output, metadata}`, Alpaca (the same without id and metadata),
ShareGPT `{conversations: [{from, value}]}` and `{messages: [{role, content}]}`. A conversation that ends with the
assistant has that turn as its output. Beside them: `skill`, `priority` and `gold`.
"""

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from annotation.gold import GoldAnswer, GoldFault
from sftlab import jsonb
from sftlab.text.language import detect

LONGEST_TEXT = 100_000
MOST_TURNS = 200
LARGEST_METADATA = 20_000
ROLES = {"system": "system", "user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Message = dict[str, str]


class RowFault(Exception):
    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field, self.reason = field, reason


@dataclass(frozen=True)
class Row:
    messages: list[Message]
    input: str = ""
    output: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    source_id: str = ""
    skill: str = ""
    priority: int = 0
    gold: GoldAnswer | None = None
    feedback: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """Kinds of `annotation.checks`."""

    def sha256(self, *, with_output: bool) -> str:
        """Of the content: what makes two rows duplicates of each other."""
        content = [self.messages, self.input, self.output if with_output else ""]
        return hashlib.sha256(canonical(content).encode()).hexdigest()


def canonical(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def parse(raw: Any, *, kind: str) -> Row:
    """Raises RowFault."""
    if not isinstance(raw, dict):
        raise RowFault("", _("must be an object"))
    reason = jsonb.fault(raw)
    if reason:
        raise RowFault("", reason)
    messages, given, output = _content(raw)
    row = Row(
        messages=messages,
        input=given,
        output=output,
        metadata=_metadata(raw, messages),
        source_id=_source_id(raw),
        skill=_short(raw, "skill", 40),
        priority=_priority(raw),
        gold=_gold(raw, kind),
        feedback=_feedback(raw),
    )
    if kind == "rate" and not row.output.strip():
        raise RowFault("output", _("is missing: this project rates responses"))
    return row


def _content(raw: dict[str, Any]) -> tuple[list[Message], str, str]:
    if "messages" in raw:
        return _conversation(raw, "messages", "role", "content")
    if "conversations" in raw:
        return _conversation(raw, "conversations", "from", "value")
    if "instruction" not in raw:
        raise RowFault("instruction", _("is missing; so are messages and conversations"))
    instruction = _text(raw["instruction"], "instruction")
    if not instruction.strip():
        raise RowFault("instruction", _("is empty"))
    messages = [{"role": "user", "content": instruction}]
    if raw.get("system"):
        messages.insert(0, {"role": "system", "content": _text(raw["system"], "system")})
    return messages, _text(raw.get("input") or "", "input"), _text(raw.get("output") or "", "output")


def _conversation(raw: dict[str, Any], name: str, role_key: str, text_key: str) -> tuple[list[Message], str, str]:
    turns = raw[name]
    if not isinstance(turns, list) or not turns:
        raise RowFault(name, _("must be a list of turns"))
    if len(turns) > MOST_TURNS:
        raise RowFault(name, _("has more than %(n)d turns") % {"n": MOST_TURNS})
    messages = [_turn(turn, f"{name}[{number}]", role_key, text_key) for number, turn in enumerate(turns)]
    output = messages.pop()["content"] if messages[-1]["role"] == "assistant" else ""
    check_order(messages, name)
    return messages, "", output or _text(raw.get("output") or "", "output")


def _turn(turn: Any, field: str, role_key: str, text_key: str) -> Message:
    if not isinstance(turn, dict):
        raise RowFault(field, _("must be an object"))
    role = ROLES.get(turn.get(role_key)) if isinstance(turn.get(role_key), str) else None  # type: ignore[arg-type]
    if role is None:
        raise RowFault(f"{field}.{role_key}", _("must be system, user (human) or assistant (gpt)"))
    content = _text(turn.get(text_key), f"{field}.{text_key}")
    if not content.strip():
        raise RowFault(f"{field}.{text_key}", _("is empty"))
    return {"role": role, "content": content}


def check_order(messages: list[Message], field: str) -> None:
    """A system turn at most at the start, then user and assistant in turn, the user last."""
    roles = [message["role"] for message in messages]
    spoken = roles[1:] if roles[:1] == ["system"] else roles
    if not spoken or any(role != ("user", "assistant")[number % 2] for number, role in enumerate(spoken)):
        raise RowFault(field, _("user and assistant must take turns, the user first"))
    if spoken[-1] != "user":
        raise RowFault(field, _("must end with the user's turn or with one response to it"))


def _text(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise RowFault(field, _("must be text"))
    if len(value) > LONGEST_TEXT:
        raise RowFault(field, _("is longer than %(n)d characters") % {"n": LONGEST_TEXT})
    if CONTROL.search(value):
        raise RowFault(field, _("has control characters"))
    return value


def _short(raw: dict[str, Any], name: str, most: int) -> str:
    value = raw.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > most:
        raise RowFault(name, _("must be text of at most %(n)d characters") % {"n": most})
    return value


def _source_id(raw: dict[str, Any]) -> str:
    value = raw.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return _short({"id": value}, "id", 200)


def _priority(raw: dict[str, Any]) -> int:
    value = raw.get("priority", 0)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > 1_000_000:
        raise RowFault("priority", _("must be a whole number within a million of 0"))
    return value


def _metadata(raw: dict[str, Any], messages: list[Message]) -> dict[str, Any]:
    metadata = raw.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        raise RowFault("metadata", _("must be an object"))
    if len(canonical(metadata)) > LARGEST_METADATA:
        raise RowFault("metadata", _("is larger than %(n)d bytes") % {"n": LARGEST_METADATA})
    for name in ("source", "category", "language"):
        if metadata.get(name) is not None and not isinstance(metadata[name], str):
            raise RowFault(f"metadata.{name}", _("must be text"))
    language = metadata.get("language") or detect(messages[-1]["content"])
    return {**metadata, "language": language}


def _gold(raw: dict[str, Any], kind: str) -> GoldAnswer | None:
    if raw.get("gold") is None:
        return None
    try:
        answer = GoldAnswer.parse(raw["gold"])
    except GoldFault as fault:
        raise RowFault(f"gold.{fault.field}", fault.reason) from fault
    if (answer.scorer == "ratings") != (kind == "rate"):
        raise RowFault("gold.scorer", _("does not fit the kind of the project"))
    return answer


def _feedback(raw: dict[str, Any]) -> dict[str, str]:
    """What a person who missed the gold is told: one text, or one for each language."""
    given = raw.get("feedback") or {}
    if isinstance(given, str):
        given = {"en": given, "zh": given}
    if not isinstance(given, dict) or not all(isinstance(text, str) for text in given.values()):
        raise RowFault("feedback", _("must be text, or a text for each of en and zh"))
    return {name: _text(text, "feedback") for name, text in given.items()}
