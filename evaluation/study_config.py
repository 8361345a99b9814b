"""What an admin may set about a study besides its design; stored as JSON with the study."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from sftlab.errors import FieldError


class ConfigError(ValueError):
    def __init__(self, errors: list[FieldError]) -> None:
        super().__init__("; ".join(f"{error['field']}: {error['reason']}" for error in errors))
        self.errors = errors


def _within(low: float, high: float, default: float | None) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True)
class StudyConfig:
    """Each with the range it is checked against."""

    version: int = 1
    lease_minutes: int = _within(1, 24 * 60, 30)
    """How long a rater may leave an answer lying before somebody else gets it."""
    sample: int | None = _within(1, 100_000, None)
    """How many items to draw, stratified by language and category; None takes the whole set."""
    budget: int | None = _within(1, 10_000_000, None)
    """The most ordinary ratings to ask for; None asks for every pair on every item."""
    check_rate: float = _within(0, 0.5, 0.1)
    """Share of what a rater gets that is a hidden check."""
    qualify: int = _within(0, 50, 0)
    """Questions with known answers that a rater must pass first."""
    qualify_share: float = _within(0.1, 1, 0.7)
    """Share of these to get right."""
    pause_after: int = _within(3, 1000, 6)
    """Hidden checks with a known answer that standing is judged by: the last so many."""
    pause_below: float = _within(0, 1, 0.5)
    """A rater with a smaller share of them right is paused."""
    adaptive: bool = False
    """Hand out next what tells most; recorded with the result."""

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> "StudyConfig":
        """Raises ConfigError with every fault."""
        known = {one.name: one for one in fields(cls)}
        errors: list[FieldError] = [
            {"field": name, "reason": "unknown"}
            for name in raw
            if name not in known or (name == "version" and raw[name] != 1)
        ]
        for name, value in raw.items():
            if name in known and known[name].metadata:
                errors += _faults(name, value, known[name].metadata, optional=known[name].default is None)
        if not isinstance(raw.get("adaptive", False), bool):
            errors.append({"field": "adaptive", "reason": "must be true or false"})
        if errors:
            raise ConfigError(errors)
        return cls(**raw)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def _faults(name: str, value: Any, limits: Mapping[str, Any], *, optional: bool) -> list[FieldError]:
    if value is None and optional:
        return []
    share = limits["high"] <= 1
    number = isinstance(value, int | float if share else int) and not isinstance(value, bool)
    if number and limits["low"] <= value <= limits["high"]:
        return []
    kind = "a number" if share else "a whole number"
    return [{"field": name, "reason": f"must be {kind} from {limits['low']} to {limits['high']}"}]
