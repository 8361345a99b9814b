"""Dimensions with an anchor text for each point, in both languages; and the rubrics to start a study from."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

POINTS = 5
LANGUAGES = ("en", "zh")
MOST_DIMENSIONS = 12


class RubricError(ValueError):
    """Names the dimension and what is wrong with it."""


@dataclass(frozen=True)
class Dimension:
    key: str
    name: dict[str, str]
    anchors: dict[str, list[str]]

    @classmethod
    def from_json(cls, raw: object) -> "Dimension":
        """A key of the library, or `{key, name: {en, zh}, anchors: {en: [5], zh: [5]}}`. Raises RubricError."""
        if isinstance(raw, str):
            known = library().get(raw)
            if known is None:
                raise RubricError(f"{raw}: not one of {', '.join(library())}")
            return known
        if not isinstance(raw, dict) or not str(raw.get("key", "")).isidentifier():
            raise RubricError("a dimension needs a key of letters, digits and underscores")
        key = str(raw["key"])
        return cls(key, _names(key, raw.get("name")), _anchors(key, raw.get("anchors")))

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "name": self.name, "anchors": self.anchors}


def _names(key: str, raw: object) -> dict[str, str]:
    if isinstance(raw, dict) and all(isinstance(raw.get(code), str) and raw[code].strip() for code in LANGUAGES):
        return {code: raw[code].strip()[:60] for code in LANGUAGES}
    raise RubricError(f"{key}: needs a name in each of {', '.join(LANGUAGES)}")


def _anchors(key: str, raw: object) -> dict[str, list[str]]:
    texts = {code: raw.get(code) for code in LANGUAGES} if isinstance(raw, dict) else {}
    if texts and all(isinstance(found, list) and len(found) == POINTS for found in texts.values()):
        return {code: [str(text)[:200] for text in found or []] for code, found in texts.items()}
    raise RubricError(f"{key}: needs {POINTS} anchors in each of {', '.join(LANGUAGES)}")


def dimensions(raw: object) -> list[Dimension]:
    """Raises RubricError for none, too many, or the same key twice."""
    if not isinstance(raw, list) or not 1 <= len(raw) <= MOST_DIMENSIONS:
        raise RubricError(f"name between 1 and {MOST_DIMENSIONS} dimensions")
    found = [Dimension.from_json(one) for one in raw]
    if len({one.key for one in found}) != len(found):
        raise RubricError("a dimension is named twice")
    return found


def rubric(name: str) -> list[Dimension]:
    return [library()[key] for key in rubrics()[name]["dimensions"]]


@cache
def _file() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return loaded


@cache
def library() -> dict[str, Dimension]:
    return {key: Dimension(key, one["name"], one["anchors"]) for key, one in _file()["dimensions"].items()}


def rubrics() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = _file()["rubrics"]
    return found
