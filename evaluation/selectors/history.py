"""A leaderboard over time."""

from typing import Any

from django.utils.translation import gettext as _

from evaluation.leaderboards.diff import inputs_diff, rows_diff
from evaluation.models import Leaderboard, SnapshotSlice
from evaluation.selectors.leaderboards import no_such_slice, slice_of, snapshot_at
from sftlab.errors import Missing

MOST = 500


def history(
    leaderboard: Leaderboard, *, model: str = "", language: str = "", category: str = ""
) -> list[dict[str, Any]]:
    """By model, oldest snapshot first, as stored then: position, ranks, strength and each metric."""
    slices = (
        SnapshotSlice.objects.filter(snapshot__leaderboard=leaderboard, language=language, category=category)
        .order_by("-snapshot__number")
        .values_list("snapshot__number", "snapshot__created_at", "rows")[:MOST]
    )
    found: dict[str, dict[str, Any]] = {}
    for number, created_at, rows in reversed(slices):
        for row in rows:
            if model in ("", row["model"]["id"]):
                one = found.setdefault(row["model"]["id"], {"model": row["model"], "points": []})
                one["points"].append({"snapshot": number, "created_at": created_at, **_point(row)})
    if not slices and leaderboard.current is not None:
        raise no_such_slice(leaderboard.current.definition)
    if model and not found:
        raise Missing(_("This model is not on the leaderboard."))
    return list(found.values())


def _point(row: dict[str, Any]) -> dict[str, Any]:
    metrics = {
        key: {name: cell[name] for name in ("value", "low", "high", "n")} for key, cell in row["metrics"].items()
    }
    return {name: row[name] for name in ("position", "rank", "strength", "votes", "likert")} | {"metrics": metrics}


def diff(
    leaderboard: Leaderboard, *, before: int, after: int, language: str = "", category: str = ""
) -> dict[str, Any]:
    old, new = (snapshot_at(leaderboard, number=number) for number in (before, after))
    rows = rows_diff(slice_of(old, language, category).rows, slice_of(new, language, category).rows)
    return {
        "from": {"snapshot": old.number, "sha256": old.sha256, "created_at": old.created_at},
        "to": {"snapshot": new.number, "sha256": new.sha256, "created_at": new.created_at},
        "inputs": inputs_diff(old.inputs, new.inputs),
        **rows,
    }
