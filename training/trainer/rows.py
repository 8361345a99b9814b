"""Records as token rows: a pure function of file, tokenizer, template and options, cached under their hash."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from training.trainer.chat import Chat
from training.trainer.errors import TrainerError
from training.trainer.files import sha256
from training.trainer.records import Record, read_file
from training.trainer.spec import DataFile

FORMAT = 1
LISTED = 50


@dataclass(frozen=True)
class Options:
    max_length: int
    overlong: Literal["drop", "cut"] = "drop"


@dataclass
class Rows:
    """Row i is tokens[offsets[i]:offsets[i + 1]]; flat arrays keep a million rows small."""

    ids: list[str]
    tokens: npt.NDArray[np.int32]
    learnt: npt.NDArray[np.bool_]
    offsets: npt.NDArray[np.int64]
    weights: npt.NDArray[np.float64]
    difficulty: npt.NDArray[np.float64]
    dropped: dict[str, list[str]] = field(default_factory=dict)
    """Reason → ids of the rows left out; `cut` lists rows that were kept without their end."""

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        return np.diff(self.offsets)

    @property
    def supervised(self) -> npt.NDArray[np.int64]:
        return np.add.reduceat(self.learnt, self.offsets[:-1], dtype=np.int64) if len(self) else np.zeros(0, np.int64)

    def row(self, i: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.bool_]]:
        part = slice(self.offsets[i], self.offsets[i + 1])
        return self.tokens[part], self.learnt[part]

    def counts(self) -> dict[str, Any]:
        tokens, supervised = int(self.lengths.sum()), int(self.supervised.sum())
        return {
            "rows": len(self),
            "tokens": tokens,
            "supervised_tokens": supervised,
            "supervised_share": round(supervised / tokens, 4) if tokens else 0.0,
            "longest": int(self.lengths.max()) if len(self) else 0,
            "dropped": {reason: {"count": len(ids), "ids": ids[:LISTED]} for reason, ids in self.dropped.items()},
        }


def prepare(records: Sequence[Record], chat: Chat, options: Options) -> Rows:
    kept: list[tuple[Record, list[int], list[bool]]] = []
    dropped: dict[str, list[str]] = {}
    for record in records:
        encoded = _encode(record, chat)
        ids, learnt = encoded or ([], [])
        learnt[:1] = [False] * len(learnt[:1])  # nothing stands before the first token that could predict it
        reason = _fault(ids, learnt, options) if encoded else "refused_by_template"
        if reason:
            dropped.setdefault(reason, []).append(record.id)
        if reason in ("", "cut"):
            kept.append((record, ids[: options.max_length], learnt[: options.max_length]))
    return Rows(
        ids=[record.id for record, _, _ in kept],
        tokens=np.array([token for _, ids, _ in kept for token in ids], np.int32),
        learnt=np.array([flag for _, _, flags in kept for flag in flags], np.bool_),
        offsets=np.cumsum([0, *(len(ids) for _, ids, _ in kept)], dtype=np.int64),
        weights=np.array([record.weight for record, _, _ in kept], np.float64),
        difficulty=np.array([record.difficulty for record, _, _ in kept], np.float64),
        dropped=dropped,
    )


def prepared(run_dir: Path, file: DataFile, chat: Chat, options: Options, cache: Path) -> Rows:
    """As `prepare`, once for each content, tokenizer, template and options."""
    path = cache / "rows" / f"{_key(run_dir / file.path, chat, options)}.npz"
    if path.is_file():
        return _load(path)
    rows = prepare(read_file(run_dir, file), chat, options)
    _save(path, rows)
    return rows


def join(parts: Sequence[Rows]) -> Rows:
    """One table of several files, in their order."""
    starts = np.cumsum([0, *(len(part.tokens) for part in parts)])
    dropped: dict[str, list[str]] = {}
    for part in parts:
        for reason, ids in part.dropped.items():
            dropped.setdefault(reason, []).extend(ids)
    return Rows(
        ids=[row_id for part in parts for row_id in part.ids],
        tokens=np.concatenate([part.tokens for part in parts]),
        learnt=np.concatenate([part.learnt for part in parts]),
        offsets=np.concatenate([[0], *(part.offsets[1:] + start for part, start in zip(parts, starts, strict=False))]),
        weights=np.concatenate([part.weights for part in parts]),
        difficulty=np.concatenate([part.difficulty for part in parts]),
        dropped=dropped,
    )


def _encode(record: Record, chat: Chat) -> tuple[list[int], list[bool]] | None:
    """None where the template refuses this conversation."""
    try:
        ids, learnt = chat.encode(record.messages)
    except TrainerError as problem:
        if problem.code != "template":
            raise
        return None
    return ids, learnt


def _fault(ids: list[int], learnt: list[bool], options: Options) -> str:
    if not any(learnt):
        return "no_supervised_tokens"
    if len(ids) <= options.max_length:
        return ""
    if options.overlong == "drop" or not any(learnt[: options.max_length]):
        return "too_long"
    return "cut"


def _key(path: Path, chat: Chat, options: Options) -> str:
    backend = getattr(chat.tokenizer, "backend_tokenizer", None)
    tokenizer = backend.to_str() if backend else json.dumps(chat.tokenizer.get_vocab())
    tokenizer += json.dumps(chat.tokenizer.special_tokens_map, default=str)
    parts = [str(FORMAT), sha256(path), tokenizer, chat.template, json.dumps(asdict(options))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _save(path: Path, rows: Rows) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.stem}.{os.getpid()}.npz")
    text = json.dumps({"ids": rows.ids, "dropped": rows.dropped})
    np.savez(
        beside,
        text=np.frombuffer(text.encode(), np.uint8),
        tokens=rows.tokens,
        learnt=rows.learnt,
        offsets=rows.offsets,
        weights=rows.weights,
        difficulty=rows.difficulty,
    )
    beside.replace(path)


def _load(path: Path) -> Rows:
    with np.load(path) as stored:
        text = json.loads(stored["text"].tobytes())
        names = ("tokens", "learnt", "offsets", "weights", "difficulty")
        return Rows(ids=text["ids"], dropped=text["dropped"], **{name: stored[name] for name in names})
