"""Slots made in bulk, by statements that can be said again."""

from django.db import connection

from annotation.models import Item, Membership, Project

# The order is random, but the same for the same seed and content; a bigint without its sign.
ORD = "('x' || substr(md5(%(seed)s::text || sha256), 1, 15))::bit(60)::bigint"

_ADD = f"""
INSERT INTO annotation_slot (pool_id, item_id, number, lane, skill, state, priority, closeness, ord)
SELECT %(project)s, i.id, n, i.lane, i.skill, 'free', i.priority, 0, {ORD}
FROM annotation_item i CROSS JOIN generate_series(1, %(each)s) n
WHERE i.project_id = %(project)s AND {{which}}
ON CONFLICT (item_id, number) DO NOTHING
"""  # noqa: S608 - made of constants only
_ADD_TO_ITEMS = _ADD.format(which="i.id = ANY(%(items)s)")
_ADD_TO_GOLD = _ADD.format(which="i.lane IN ('gold', 'training')")


def add_slots(project: Project, items: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD_TO_ITEMS, {"project": project.pk, "seed": project.seed, "items": items, "each": project.overlap}
        )


def ensure_gold_slots(project: Project) -> None:
    """Every annotator may meet every gold item once: as many slots as annotators."""
    if not Item.objects.filter(project=project).exclude(lane=Item.Lane.WORK).exists():
        return
    people = Membership.objects.filter(project=project, role=Membership.Role.ANNOTATOR).count()
    with connection.cursor() as cursor:
        cursor.execute(_ADD_TO_GOLD, {"project": project.pk, "seed": project.seed, "each": people})
