"""What was asked for when a study is made, checked: all faults at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from evaluation.blinding import names_in
from evaluation.models import EvalSet, System
from evaluation.models.studies import Study
from evaluation.rubrics import RubricError, rubric
from evaluation.rubrics import dimensions as read_dimensions
from evaluation.study_config import ConfigError, StudyConfig
from sftlab import jsonb
from sftlab.errors import BadInput, FieldError

MOST_SYSTEMS = 50
MOST_RATERS = 50


@dataclass(frozen=True)
class Asked:
    evalset: EvalSet
    systems: list[System]
    dimensions: list[dict[str, Any]]
    config: StudyConfig


def check(
    *,
    evalset: UUID,
    models: Sequence[UUID],
    design: str,
    dimensions: Sequence[Any] | None,
    raters_per_unit: int,
    evaluation: UUID | None,
    config: Mapping[str, Any],
    shown: Mapping[str, str],
) -> Asked:
    """`shown`: the texts that raters will read. Raises BadInput."""
    jsonb.check([*shown.values(), list(dimensions or [])], "")
    faults: list[FieldError] = []
    found_set = EvalSet.objects.filter(uuid=evalset).first()
    if found_set is None:
        faults.append({"field": "evalset", "reason": _("There is no such evaluation set.")})
    if design not in Study.Design.values:
        faults.append({"field": "design", "reason": _("must be one of pairwise, likert, both")})
    if not 1 <= raters_per_unit <= MOST_RATERS:
        faults.append({"field": "raters_per_unit", "reason": _("must be from 1 to %(most)s") % {"most": MOST_RATERS}})
    systems = _systems(found_set, models, design, evaluation, faults) if found_set else []
    asked = _dimensions(dimensions, faults), _config(config, faults)
    faults += _telling(shown, systems)
    if faults or found_set is None:
        raise BadInput(_("This study can't be started."), errors=faults)
    return Asked(found_set, systems, *asked)


def names_of(systems: Sequence[System]) -> list[str]:
    """Whatever in a text would say which system wrote it."""
    found = [name for one in systems for name in (one.model.name, one.model.hub_id) if name]
    return list(dict.fromkeys(found))


def _systems(
    evalset: EvalSet, models: Sequence[UUID], design: str, evaluation: UUID | None, faults: list[FieldError]
) -> list[System]:
    fewest = 1 if design == Study.Design.LIKERT else 2
    if not fewest <= len(set(models)) <= MOST_SYSTEMS:
        words = _("name from %(fewest)s to %(most)s models") % {"fewest": fewest, "most": MOST_SYSTEMS}
        faults.append({"field": "models", "reason": words})
    done = System.objects.filter(evaluation__evalset=evalset, model__uuid__in=models, status=System.Status.DONE)
    if evaluation is not None:
        done = done.filter(evaluation__uuid=evaluation)
    newest = {one.model.uuid: one for one in done.select_related("model", "evaluation").order_by("pk")}
    for place, model in enumerate(models):
        if model not in newest:
            faults.append({"field": f"models[{place}]", "reason": _("has no finished outputs on this set")})
    systems = [newest[model] for model in dict.fromkeys(models) if model in newest]
    if len({str(sorted(one.evaluation.decoding.items())) for one in systems}) > 1:
        words = _("these outputs were decoded differently: name one evaluation that holds them all")
        faults.append({"field": "evaluation", "reason": words})
    return systems


def _dimensions(raw: Sequence[Any] | None, faults: list[FieldError]) -> list[dict[str, Any]]:
    try:
        return [one.to_json() for one in (rubric("general") if raw is None else read_dimensions(list(raw)))]
    except RubricError as error:
        faults.append({"field": "dimensions", "reason": str(error)})
        return []


def _config(raw: Mapping[str, Any], faults: list[FieldError]) -> StudyConfig:
    try:
        return StudyConfig.from_json(raw)
    except ConfigError as error:
        faults += error.errors
        return StudyConfig()


def _telling(shown: Mapping[str, str], systems: Sequence[System]) -> list[FieldError]:
    return [
        {"field": field, "reason": _("raters read this, and it names %(names)s") % {"names": ", ".join(found)}}
        for field, text in shown.items()
        if (found := names_in(text, names_of(systems)))
    ]
