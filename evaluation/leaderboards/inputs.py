"""Everything a snapshot rests on, as plain data: equal data make an equal digest, and so no new snapshot. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from evaluation.leaderboards.bodies import digest
from evaluation.leaderboards.definition import Definition
from evaluation.leaderboards.rows import Entry, Human, Scored


@dataclass(frozen=True)
class StudyPart:
    """What votes say, slice by slice, and about whom they may be trusted."""

    about: Mapping[str, Any]
    """`id`, `name`, `votes`, `raters`, `scripted_votes`, `sha256`."""
    human: Mapping[tuple[str, str], Mapping[str, Human]]
    details: Mapping[tuple[str, str], Mapping[str, Any]]
    """By slice: `agreement`, `determined`, `reason`, `tie`, `first_position`, `method`."""


@dataclass(frozen=True)
class Inputs:
    evalset: Mapping[str, Any]
    entries: Sequence[Entry]
    origins: Sequence[Mapping[str, Any]]
    """By entry: name, system, evaluation, digests of weights and outputs, decoding, seed, run, data, withdrawn rows."""
    further: Sequence[Mapping[str, Any]]
    """By further evaluation set: `{evalset, systems}`, as `evalset` and `origins` are."""
    scores: Mapping[tuple[str, str], Sequence[Scored]]
    """By language and category, `""` for all: the whole of a bilingual set has each language's scores side by side."""
    study: StudyPart | None = None
    definition: Definition = field(default_factory=Definition)

    def listed(self) -> dict[str, Any]:
        """What the snapshot keeps of them: ids, digests and signatures rather than the things themselves."""
        scored = {one.score: one for part in self.scores.values() for one in part}.values()
        return {
            "definition": self.definition.as_json(),
            "evalset": dict(self.evalset),
            "systems": [dict(origin) for origin in self.origins],
            "further": [dict(one) for one in self.further],
            "scores": _digests(scored),
            "signatures": sorted({one.signature for one in scored if one.signature}),
            "study": dict(self.study.about) if self.study else None,
        }

    @property
    def sha256(self) -> str:
        return digest(self.listed())


def _digests(scored: Iterable[Scored]) -> dict[str, str]:
    """By model."""
    found: dict[str, list[list[Any]]] = {}
    for one in scored:
        found.setdefault(one.model, []).append([one.score, one.signature, one.value, one.low, one.high, one.n])
    return {model: digest(sorted(parts, key=itemgetter(0))) for model, parts in found.items()}
