"""What a leaderboard takes from a study: its newest stored result, slice by slice."""

from collections.abc import Mapping
from typing import Any

from evaluation.leaderboards.bodies import digest
from evaluation.leaderboards.definition import Definition
from evaluation.leaderboards.inputs import StudyPart
from evaluation.leaderboards.rows import Human
from evaluation.models import Study
from evaluation.selectors.studies import ranking_rows

ABOUT = ("study", "name", "status", "final", "votes", "scripted_votes", "raters", "items")
DETAILS = ("votes", "raters", "items", "determined", "reason", "tie", "first_position", "agreement")


def study_part(study: Study, definition: Definition) -> StudyPart:
    found = {
        (language, category): ranking_rows(study, language=language or None, category=category or None)
        for language, category in definition.slices
    }
    whole = found["", ""]
    return StudyPart(
        about={name: whole[name] for name in ABOUT} | {"sha256": digest(sorted(map(digest, found.values())))},
        human={key: {one["model"]: human(one) for one in part["systems"]} for key, part in found.items()},
        details={key: {name: part[name] for name in DETAILS} for key, part in found.items()},
    )


def human(one: Mapping[str, Any]) -> Human:
    known = one["strength"] is not None
    return Human(
        rank=(one["ranks"][0], one["ranks"][1]) if known else None,
        strength=(one["strength"], one["low"], one["high"]) if known else None,
        likert=one["likert"],
        votes=one["votes"],
    )
