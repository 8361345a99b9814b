"""Answers per day and person, for the plot and its CSV."""

from collections import defaultdict
from typing import Any

from django.db.models import Count
from django.db.models.functions import TruncDate

from annotation.models import Item, Project, Response

MOST_PEOPLE = 6


def per_day(project: Project) -> list[dict[str, Any]]:
    """`[{day, person, answers}]`, the days in order; hidden gold counts as the work that it looks like."""
    rows = (
        Response.objects.filter(project=project, assignment__isnull=False)
        .exclude(item__lane=Item.Lane.TRAINING)
        .annotate(day=TruncDate("created_at"))
        .values("day", "author__username")
        .annotate(n=Count("id"))
        .order_by("day", "author__username")
    )
    return [{"day": row["day"].isoformat(), "person": row["author__username"], "answers": row["n"]} for row in rows]


def chart(points: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A series for each of the busiest people, over all days on which somebody worked."""
    days = sorted({point["day"] for point in points})
    by_person: dict[str, dict[str, int]] = defaultdict(dict)
    for point in points:
        by_person[point["person"]][point["day"]] = point["answers"]
    busiest = sorted(by_person.items(), key=lambda pair: -sum(pair[1].values()))[:MOST_PEOPLE]
    return [{"name": name, "x": days, "y": [mine.get(day, 0) for day in days], "kind": "bar"} for name, mine in busiest]
