"""Choosing columns of stored rows. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from sftlab.errors import BadInput

PARTS: tuple[str, ...] = ("rank", "strength", "votes", "likert", "cost")
"""What a row has beside its metrics; who it is about, its place and its flags are always there."""

Json = dict[str, Any]


def chosen(columns: Sequence[Json], asked: Sequence[str]) -> tuple[list[Json], tuple[str, ...]]:
    """A metric's name stands for its columns in every language. Raises BadInput that lists what there is."""
    names = [name.strip() for name in asked]
    there = [*PARTS, *(column["key"] for column in columns)]
    unknown = {*names} - {*there} - {column["metric"] for column in columns}
    if unknown:
        reason = _("one of: %(names)s") % {"names": ", ".join(there)}
        raise BadInput(_("This leaderboard has no such column."), errors=[{"field": "columns", "reason": reason}])
    kept = [column for column in columns if {column["key"], column["metric"]} & {*names}]
    return kept, tuple(part for part in PARTS if part in names)


def cut(rows: Sequence[Mapping[str, Any]], columns: Sequence[Json], parts: Collection[str]) -> list[Json]:
    keys, gone = {column["key"] for column in columns}, {*PARTS} - {*parts}
    return [
        {name: value for name, value in row.items() if name not in gone}
        | {"metrics": {key: cell for key, cell in row["metrics"].items() if key in keys}}
        for row in rows
    ]
