"""Pairs from files: JSONL rows, or two line-aligned texts."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from evaluation.metrics.base import Pair
from sftlab.errors import BadInput


def pairs_from_jsonl(path: Path, language: str = "") -> Iterator[Pair]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield _pair(line, f"{path.name}:{number}", number, language)


def _pair(line: str, where: str, number: int, language: str) -> Pair:
    try:
        row = json.loads(line)
        references = row.get("references", row.get("reference", []))
        found = Pair(
            str(row.get("id", number)),
            row["hypothesis"],
            (references,) if isinstance(references, str) else tuple(references),
            row.get("language") or language,
            row.get("data") or {},
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _bad(where, f"not a row with hypothesis and references ({error})") from error
    if not all(isinstance(text, str) for text in (found.hypothesis, *found.references)):
        raise _bad(where, "hypothesis and references must be texts")
    return found


def pairs_from_lines(hypotheses: Path, references: Iterable[Path], language: str = "") -> Iterator[Pair]:
    """Line n of the outputs against line n of each reference file."""
    ours = _lines(hypotheses)
    theirs = [_lines(path) for path in references]
    for path, lines in zip(references, theirs, strict=True):
        if len(lines) != len(ours):
            raise _bad(path.name, f"{len(lines)} lines, but {hypotheses.name} has {len(ours)}")
    for number, (hypothesis, *others) in enumerate(zip(ours, *theirs, strict=True), 1):
        yield Pair(str(number), hypothesis, tuple(others), language)


def _lines(path: Path) -> list[str]:
    # Not splitlines(): U+2028 and the like are text, not ends of lines, to every aligned-file tool.
    text = path.read_text(encoding="utf-8")
    return text.removesuffix("\n").split("\n") if text else []


def _bad(where: str, reason: str) -> BadInput:
    return BadInput(f"{where}: {reason}", errors=[{"field": where, "reason": reason}])


def write_json(path: Path, content: Any) -> None:
    """Whole or not at all."""
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    part.replace(path)
