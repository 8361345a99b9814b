"""RUN_DIR/spec.json of the metrics child, checked whole before anything is computed.

``result.json`` is ``{"version": 1, "status": "done", "scores": [Score, …], "seconds": …}``, and with ``systems`` in
the spec ``{"systems": {name: [Score, …]}, "comparisons": {metric: [Comparison, …]}, "parts": {metric: [part, …]}}`` as
well; the dataclasses ``Score``, ``ItemScore`` and ``Comparison`` name their fields, ``comparing.parts`` a part's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from evaluation.metrics.registry import METRICS, MODULE
from sftlab.errors import BadInput, FieldError

VERSION = 1


@dataclass(frozen=True)
class MetricsSpec:
    metrics: list[str]
    """Names in the registry; a local ``evaluate`` module is ``module:`` and its folder."""
    pairs: str = ""
    """JSONL in RUN_DIR, one ``{id, hypothesis, references, language}`` a line."""
    systems: dict[str, str] = field(default_factory=dict)
    """Instead of ``pairs``: such a file for each system, the same items in the same order."""
    labels: str = ""
    """JSON in RUN_DIR, ``{dimension: {item id: label}}``: parts of the items that systems are compared over too."""
    language: str = ""
    """For pairs that name none; empty: their references' scripts decide."""
    resamples: int = 1000
    seed: int = 0
    level: float = 0.95
    encoders: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By language, for BERTScore: ``{path, layer, gguf_file?, name?, baseline?}``."""
    model: dict[str, Any] = field(default_factory=dict)
    """For perplexity and bits per character: ``{path, gguf_file?, name?}``."""
    cache: str = ""
    """Where GGUF weights lie dequantised; empty: ``cache`` beside RUN_DIR."""
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By metric: what its class takes."""
    version: int = VERSION


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "metrics": list,
    "pairs": str,
    "systems": dict,
    "labels": str,
    "language": str,
    "resamples": int,
    "seed": int,
    "level": (int, float),
    "encoders": dict,
    "model": dict,
    "cache": str,
    "options": dict,
    "version": int,
}
_RULES: tuple[tuple[str, Callable[[dict[str, Any]], bool], str], ...] = (
    ("version", lambda s: s.get("version", VERSION) == VERSION, f"only version {VERSION} is known"),
    ("metrics", lambda s: bool(s.get("metrics")), "name at least one metric"),
    ("pairs", lambda s: bool(s.get("pairs")) != bool(s.get("systems")), "give either pairs or systems"),
    ("resamples", lambda s: 0 <= s.get("resamples", 1000) <= 1_000_000, "from 0 to 1,000,000"),
    ("level", lambda s: 0 < s.get("level", 0.95) < 1, "between 0 and 1"),
)


def read_spec(raw: Any, folder: Path) -> MetricsSpec:
    """The spec, or ``BadInput`` that lists all its faults."""
    if not isinstance(raw, dict):
        raise BadInput("spec.json is not an object", errors=[{"field": "spec", "reason": "not an object"}])
    faults = list(_faults(raw, folder))
    if faults:
        raise BadInput("; ".join(f"{fault['field']}: {fault['reason']}" for fault in faults), errors=faults)
    return MetricsSpec(**raw)


def _faults(raw: dict[str, Any], folder: Path) -> Iterator[FieldError]:
    known = {one.name for one in fields(MetricsSpec)}
    mistyped = [key for key, kind in _TYPES.items() if key in raw and not isinstance(raw[key], kind)]
    found = [(key, "unknown") for key in sorted(set(raw) - known)]
    found += [(key, "of the wrong type") for key in mistyped]
    found += [(key, reason) for key, rule, reason in _RULES if key not in mistyped and not rule(raw)]
    if "metrics" not in mistyped:
        found += [("metrics", f"there is no metric {name!r}") for name in raw.get("metrics", []) if not _known(name)]
    if not {"pairs", "systems"} & set(mistyped):
        files = [raw["pairs"]] if raw.get("pairs") else list(raw.get("systems", {}).values())
        found += [("pairs", f"there is no file {name}") for name in files if not _inside(folder, name)]
    if raw.get("labels") and "labels" not in mistyped and not _inside(folder, raw["labels"]):
        found.append(("labels", f"there is no file {raw['labels']}"))
    for field_name, reason in found:
        yield {"field": field_name, "reason": reason}


def _known(name: Any) -> bool:
    return name in METRICS or str(name).startswith(MODULE)


def _inside(folder: Path, name: Any) -> bool:
    path = (folder / str(name)).resolve()
    return path.is_relative_to(folder.resolve()) and path.is_file()
