"""A child's events as points of curves and as progress."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import Any

from training.events import Event


@dataclass(frozen=True)
class TrainPoint:
    loss: float | None = None
    grad_norm: float | None = None
    lr: float | None = None
    epoch: float | None = None
    tokens: float | None = None
    supervised_tokens: float | None = None
    tokens_per_s: float | None = None
    rss_mb: float | None = None
    gpu_mb: float | None = None


@dataclass(frozen=True)
class EvalPoint:
    loss: float | None = None
    perplexity: float | None = None
    tokens: float | None = None


POINTS: Mapping[str, type[TrainPoint] | type[EvalPoint]] = {"train": TrainPoint, "eval": EvalPoint}


OF_FILE = "loss:"
"""Before the name of an evaluation file whose loss was taken apart."""


@dataclass(frozen=True)
class Point:
    kind: str
    step: int
    at: datetime
    values: dict[str, float]


def points(events: Sequence[Event]) -> list[Point]:
    """One per step and kind, the last said."""
    found = {(event["type"], int(event["step"])): event for event in events if event.get("type") in POINTS}
    return [Point(kind, step, _at(event), _values(kind, event)) for (kind, step), event in found.items()]


def _at(event: Event) -> datetime:
    return datetime.fromtimestamp(float(event.get("time", 0)), tz=UTC)


def _values(kind: str, event: Event) -> dict[str, float]:
    known = POINTS[kind]
    point = known(**{f.name: _number(event[f.name]) for f in fields(known) if f.name in event})
    apart = {f"{OF_FILE}{name}": _number(loss) for name, loss in (event.get("losses") or {}).items()}
    return {name: value for name, value in (asdict(point) | apart).items() if value is not None}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def progress(before: Mapping[str, Any], events: Sequence[Event]) -> dict[str, Any]:
    """What the run does now: `{what, step, steps, eta_seconds, …}`; the rate is taken over this attempt's steps."""
    now = dict(before)
    for event in events:
        kind = event.get("type")
        if kind == "start":
            now = {"what": "train", "steps": event.get("steps"), "resumed_from": event.get("resumed_from")}
        elif kind == "progress":
            now |= {"what": event.get("what"), "done": event.get("done"), "total": event.get("total")}
        elif kind == "train":
            now |= _step(now, event)
        elif kind == "checkpoint":
            now["checkpoint"] = event.get("step")
    return now


def _step(now: Mapping[str, Any], event: Event) -> dict[str, Any]:
    step, steps, time = int(event["step"]), int(event.get("steps") or 0), float(event.get("time", 0))
    first = now.get("first") or {"step": step, "time": time}
    done = step - first["step"]
    eta = round((steps - step) * (time - first["time"]) / done) if done > 0 and steps else None
    return {
        "what": "train",
        "step": step,
        "steps": steps,
        "epoch": event.get("epoch"),
        "loss": event.get("loss"),
        "tokens_per_s": event.get("tokens_per_s"),
        "first": first,
        "eta_seconds": eta,
    }
