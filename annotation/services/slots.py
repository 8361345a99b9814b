"""Slots made in bulk, by statements that can be said again."""

from django.db import connection

from annotation.models import Project

# The order is random, but the same for the same seed and content; a bigint without its sign.
ORD = "('x' || substr(md5(%(seed)s::text || sha256), 1, 15))::bit(60)::bigint"

_ADD_TO_ITEMS = f"""
INSERT INTO annotation_slot (pool_id, item_id, number, lane, skill, state, priority, closeness, ord)
SELECT %(project)s, i.id, n, i.lane, i.skill, 'free', i.priority, 0, {ORD}
FROM annotation_item i CROSS JOIN generate_series(1, %(each)s) n
WHERE i.id = ANY(%(items)s)
ON CONFLICT (item_id, number) DO NOTHING
"""  # noqa: S608 - made of constants only

# A place of their own for every annotator on every gold item, in an order of their own: it is found as fast as ordinary
# work, however much of the gold others have left.
_ADD_TO_GOLD = """
INSERT INTO annotation_slot (pool_id, item_id, number, lane, skill, state, priority, closeness, ord, assigned_to_id)
SELECT %(project)s, i.id, taken.last + row_number() OVER (PARTITION BY i.id ORDER BY m.id), i.lane, i.skill, 'free',
    i.priority, 0, ('x' || substr(md5(%(seed)s::text || sha256 || m.user_id), 1, 15))::bit(60)::bigint, m.user_id
FROM annotation_item i
JOIN annotation_membership m ON m.project_id = i.project_id AND m.role = 'annotator'
    AND (i.skill = '' OR i.skill = ANY(m.skills))
CROSS JOIN LATERAL (
    SELECT COALESCE(max(number), 0) AS last FROM annotation_slot WHERE item_id = i.id) taken
WHERE i.project_id = %(project)s AND i.lane IN ('gold', 'training')
AND NOT EXISTS (SELECT FROM annotation_slot s WHERE s.item_id = i.id AND s.assigned_to_id = m.user_id)
"""


_CLOSE_EXCLUDED = """
UPDATE annotation_slot s SET state = 'closed' FROM annotation_item i
WHERE i.id = ANY(%(items)s) AND i.excluded_at IS NOT NULL AND s.item_id = i.id AND s.state = 'free'
"""


def add_slots(project: Project, items: list[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            _ADD_TO_ITEMS, {"project": project.pk, "seed": project.seed, "items": items, "each": project.overlap}
        )


def close_excluded(items: list[int]) -> None:
    """What was given back of an excluded item is not handed out again."""
    with connection.cursor() as cursor:
        cursor.execute(_CLOSE_EXCLUDED, {"items": items})


def ensure_gold_slots(project: Project) -> None:
    """Every annotator may meet every gold item once that asks for no skill they lack."""
    Project.objects.select_for_update().get(pk=project.pk)
    with connection.cursor() as cursor:
        cursor.execute(_ADD_TO_GOLD, {"project": project.pk, "seed": project.seed})
