"""The frozen report of a closed study: the numbers, and everything that led to them."""

import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from evaluation.jobs import study_changed
from evaluation.models.studies import Study, StudyMember, StudyResult, Vote
from evaluation.selectors.studies import held_back, progress, slice_key
from evaluation.selectors.study_exports import vote_rows
from evaluation.services.studies.adapting import draws
from evaluation.services.studies.members import exclusions
from evaluation.services.studies.results import compute, counted, excluded_raters
from evaluation.study_exports import votes_csv
from sftlab.errors import Conflict

RULES = {
    "ordinary": gettext_noop(
        "Only ordinary presentations count; hidden checks and the questions before the study do not."
    ),
    "exclusion": gettext_noop(
        "A rater is excluded by a manager, while the study is open, with a reason; both rankings are shown."
    ),
    "pause": gettext_noop(
        "A rater who fails too many hidden checks is paused; earlier votes count unless the rater is excluded."
    ),
}
ADAPTIVE = gettext_noop(
    "Pairs were drawn by chances that rest on earlier votes alone. Given those, the likelihood is that of even pairing "
    "(ignorable, Rubin 1976), so the fit is the same; every draw and its chances are in the JSON."
)


def make_report(*, study: Study) -> StudyResult:
    """Made once, and the same whoever asks. Raises Conflict while the study is open."""
    if study.is_open:
        raise Conflict(_("Close the study first."))
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        there = study.results.filter(final=True).first()
        if there is not None:
            return there
        dropped = excluded_raters(study)
        cast = counted(study, excluded=dropped)
        data = compute(study, cast) | {"report": _report(study, dropped)}
        votes = Vote.objects.filter(study=study).count()
        study_changed(study)
        return StudyResult.objects.create(study=study, votes=votes, data=data, final=True, sha256=digest(data))


def digest(data: dict[str, Any]) -> str:
    text = json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _report(study: Study, dropped: list[int]) -> dict[str, Any]:
    """`before_exclusions` is the whole with every rater in; None where nobody was excluded."""
    before = compute(study, counted(study))["slices"][slice_key(None, None)] if dropped else None
    pairing = draws(study)
    return {
        "study": _study(study),
        "progress": progress(study),
        "blindness": held_back(study),
        "rules": RULES | ({"pairing": ADAPTIVE} if pairing else {}),
        "pairing": pairing,
        "members": [_member(study, one) for one in study.members.select_related("user")],
        "exclusions": exclusions(study),
        "before_exclusions": before,
        "votes_csv_sha256": hashlib.sha256(votes_csv(vote_rows(study)).encode()).hexdigest(),
    }


def _study(study: Study) -> dict[str, Any]:
    evalset = study.evalset
    assert study.closed_at is not None
    return {
        "id": str(study.uuid),
        "name": study.name,
        "instructions": study.instructions,
        "design": study.design,
        "dimensions": study.dimensions,
        "raters_per_unit": study.raters_per_unit,
        "config": study.config,
        "seed": study.seed,
        "sample": study.sample,
        "evalset": {"id": str(evalset.uuid), "name": str(evalset), "sha256": evalset.sha256},
        "systems": [
            {
                "model": str(one.system.model.uuid),
                "name": one.system.model.name,
                "evaluation": str(one.system.evaluation.uuid),
                "decoding": one.system.evaluation.decoding,
            }
            for one in study.systems.select_related("system__model", "system__evaluation")
        ],
        "created_at": study.created_at.isoformat(),
        "closed_at": study.closed_at.isoformat(),
    }


def _member(study: Study, member: StudyMember) -> dict[str, Any]:
    return {
        "alias": member.alias,
        "role": member.role,
        "scripted": member.user.scripted,
        "standing": member.standing,
        "votes": Vote.objects.filter(study=study, rater=member.user).count(),
        "excluded_at": member.excluded_at.isoformat() if member.excluded_at else None,
        "excluded_reason": member.excluded_reason,
    }
