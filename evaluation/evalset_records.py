"""One record of an evaluation set, from the shapes people have: turns, messages, or instruction/input/output. Pure."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from sftlab.errors import BadInput, FieldError
from sftlab.text.language import detect

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Record:
    key: str
    turns: list[dict[str, str]]
    references: list[str]
    category: str = ""
    language: str = ""
    difficulty: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


class BadRecord(ValueError):
    def __init__(self, faults: list[FieldError]) -> None:
        super().__init__("; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults))
        self.faults = faults


def parse(raw: object, *, position: int) -> Record:
    """Raises BadRecord with every fault of this record; fields are named from the record's root."""
    if not isinstance(raw, Mapping):
        raise BadRecord([{"field": "", "reason": "must be an object"}])
    faults: list[FieldError] = []
    turns = _turns(raw, faults)
    references = _references(raw, faults)
    metadata = raw.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        faults.append({"field": "metadata", "reason": "must be an object"})
        metadata = {}
    known = {name: _label(raw, metadata, name, faults) for name in ("category", "language", "difficulty")}
    if faults:
        raise BadRecord(faults)
    rest = {name: value for name, value in metadata.items() if name not in known}
    known["language"] = known["language"] or detect("\n".join([turns[-1]["content"], *references]))
    key = str(raw.get("id") or f"{position + 1}")[:200]
    return Record(key=key, turns=turns, references=references, metadata=rest, **known)


def digest(records: Iterable[Record]) -> str:
    """Of the canonical text of all records, in their order."""
    sha = hashlib.sha256()
    for record in records:
        sha.update(json.dumps(asdict(record), ensure_ascii=False, sort_keys=True).encode())
        sha.update(b"\n")
    return sha.hexdigest()


def _turns(raw: Mapping[str, Any], faults: list[FieldError]) -> list[dict[str, str]]:
    name = "turns" if "turns" in raw else "messages" if "messages" in raw else "instruction"
    if name == "instruction":
        return _from_instruction(raw, faults)
    turns = raw[name]
    if not isinstance(turns, list) or not turns:
        faults.append({"field": name, "reason": "must be a list with at least one turn"})
        return []
    read = [_turn(turn, f"{name}[{i}]", faults) for i, turn in enumerate(turns)]
    if read[-1]["role"] != "user" and not faults:
        faults.append({"field": name, "reason": "must end with a turn of the user, which the model is to answer"})
    return read


def _turn(turn: object, path: str, faults: list[FieldError]) -> dict[str, str]:
    role = turn.get("role") if isinstance(turn, Mapping) else None
    content = turn.get("content") if isinstance(turn, Mapping) else None
    if role not in ROLES:
        faults.append({"field": f"{path}.role", "reason": f"must be one of {', '.join(ROLES)}"})
    if not isinstance(content, str) or not content.strip():
        faults.append({"field": f"{path}.content", "reason": "must be text"})
    return {"role": str(role), "content": str(content)}


def _from_instruction(raw: Mapping[str, Any], faults: list[FieldError]) -> list[dict[str, str]]:
    instruction, extra = raw.get("instruction"), raw.get("input") or ""
    if not isinstance(instruction, str) or not instruction.strip():
        faults.append({"field": "turns", "reason": "is missing"})
        return []
    if not isinstance(extra, str):
        faults.append({"field": "input", "reason": "must be text"})
        return []
    return [{"role": "user", "content": f"{instruction}\n\n{extra}" if extra else instruction}]


def _references(raw: Mapping[str, Any], faults: list[FieldError]) -> list[str]:
    value = raw.get("references", raw.get("output") or raw.get("reference") or [])
    references = [value] if isinstance(value, str) else value
    if not isinstance(references, list) or not all(isinstance(r, str) and r.strip() for r in references):
        faults.append({"field": "references", "reason": "must be a list of texts that are not empty"})
        return []
    return references


def _label(raw: Mapping[str, Any], metadata: Mapping[str, Any], name: str, faults: list[FieldError]) -> str:
    value = metadata.get(name, raw.get(name, ""))
    if value is None:
        return ""
    if not isinstance(value, str | int) or len(str(value)) > 80:
        faults.append({"field": f"metadata.{name}", "reason": "must be a short text"})
        return ""
    return str(value)


def read_file(content: bytes) -> list[Any]:
    """A JSON array, or JSON lines. Raises BadInput that names the broken line."""
    text = content.decode("utf-8-sig", errors="replace")
    if text.lstrip()[:1] == "[":
        return list(_loads(text, line=None))
    return [_loads(line, line=number) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]


def _loads(text: str, *, line: int | None) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        where = f"Line {line}" if line else "The file"
        reason = f"{where} is not JSON: {error}"
        raise BadInput(reason, errors=[{"field": "file", "reason": reason}]) from error
