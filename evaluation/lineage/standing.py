"""How one system stands in one study: what the rank, the strength and the means on a leaderboard come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import Q, QuerySet

from evaluation.lineage.finding import as_uuid
from evaluation.lineage.nodes import Reader
from evaluation.models import Study, System, Vote
from evaluation.models.studies import Unit


@dataclass(frozen=True)
class Standing:
    study: Study
    system: System

    @property
    def uuid(self) -> str:
        return standing_id(self.study.uuid, self.system.uuid)

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """From the frozen report, the whole and slice by slice; empty until the study is closed and its report made."""
        report = self.study.results.filter(final=True).first()
        slices = report.data["slices"] if report else {}
        found = {name: self._one(part) for name, part in slices.items()}
        whole = found.pop("|", {})
        by_slice = {name.strip("|").replace("|", " · "): _short(part) for name, part in found.items() if part}
        return {**whole, "by_slice": by_slice, "report_sha256": report.sha256 if report else ""}

    def _one(self, part: Mapping[str, Any]) -> dict[str, Any]:
        model = str(self.system.model.uuid)
        ranking = part["ranking"] or {"systems": [], "method": ""}
        mine: dict[str, Any] = next((one for one in ranking["systems"] if one["model"] == model), {})
        means: dict[str, dict[str, Any]] = {
            name: next((one for one in scored["means"] if one["model"] == model), {})
            for name, scored in part["likert"].items()
        }
        names = ("strength", "low", "high", "ranks", "votes", "wins", "losses", "ties", "both_bad")
        return {
            **{name: mine.get(name) for name in names},
            "likert": {
                name: {key: mean.get(key) for key in ("mean", "low", "high", "n")} for name, mean in means.items()
            },
            "method": ranking["method"],
        }


def _short(part: Mapping[str, Any]) -> dict[str, Any]:
    return {name: part[name] for name in ("strength", "low", "high", "ranks", "votes") if part[name] is not None}


def standing_id(study: object, system: object) -> str:
    return f"{study}.{system}"


def find_standing(key: str, _reader: Reader) -> Standing | None:
    study, system = (as_uuid(part) for part in key.partition(".")[::2])
    if study is None or system is None:
        return None
    rated = Study.objects.filter(uuid=study, systems__system__uuid=system).first()
    return Standing(rated, System.objects.select_related("model").get(uuid=system)) if rated else None


def votes_about(found: Standing) -> QuerySet[Vote]:
    """Those that the numbers rest on: ordinary comparisons."""
    about = Q(unit__first__system__system=found.system) | Q(unit__second__system__system=found.system)
    return Vote.objects.filter(about, study=found.study, unit__kind=Unit.Kind.ORDINARY)
