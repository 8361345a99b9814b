"""The statements that hand out work, for any pair of slot and assignment tables.

They are SQL since each is one round trip and one decision: `FOR UPDATE SKIP LOCKED` inside a CTE that also writes.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from django.db import models

from sftlab.prepared import columns
from sftlab.work.models import AbstractAssignment

# OFFSET 0 keeps it a look-up for each candidate: as a join it would be planned, and the plan kept, for the few
# assignments that there are when a pool is new.
_UNSEEN = """NOT EXISTS (
    SELECT FROM {assignment} seen WHERE seen.item_id = s.item_id AND seen.person_id = %(person)s
    AND seen.state IN ('live', 'submitted', 'skipped', 'set_aside') OFFSET 0)"""

_FREE = """s.pool_id = %(pool)s AND s.lane = %(lane)s AND s.skill = granted.skill
    AND s.state = 'free' AND s.assigned_to_id IS NULL"""

# Frees what others have let expire, and tells what this person holds. A person's own late lease stays theirs until
# somebody else's claim comes by.
LOOK = """
WITH stale AS (
    SELECT id FROM {assignment}
    WHERE pool_id = %(pool)s AND state = 'live' AND expires_at < now() AND person_id <> %(person)s
    ORDER BY expires_at LIMIT 20 FOR UPDATE SKIP LOCKED
), marked AS (
    UPDATE {assignment} a SET state = 'expired' FROM stale WHERE a.id = stale.id RETURNING a.slot_id
), freed AS (
    UPDATE {slot} s SET state = 'free', closeness = (
        SELECT count(*) FROM {slot} x WHERE x.item_id = s.item_id AND x.state = 'done')
    FROM marked WHERE s.id = marked.slot_id AND s.state = 'held'
)
SELECT
    (SELECT max(serial) FROM {assignment} WHERE pool_id = %(pool)s AND person_id = %(person)s),
    (SELECT id FROM {assignment}
     WHERE pool_id = %(pool)s AND person_id = %(person)s AND state = 'live' AND NOT ahead),
    (SELECT id FROM {assignment}
     WHERE pool_id = %(pool)s AND person_id = %(person)s AND state = 'live' AND ahead)
"""

RENEW = """
WITH a AS (
    UPDATE {assignment} SET expires_at = now() + %(lease)s, ahead = %(ahead)s
    WHERE id = %(id)s AND state = 'live' RETURNING *
) SELECT {columns} FROM a JOIN {item} i ON i.id = a.item_id
"""

# The head of the queue. A window, since somebody who works alone has seen all that is closest to completion: past
# the window it is cheaper to take what nobody has begun (FRESH) than to look on.
_NEAR = """
SELECT s.id, s.item_id, s.priority, s.closeness, s.ord
FROM (SELECT s.id FROM {slot} s WHERE {free} ORDER BY s.priority DESC, s.closeness DESC, s.ord, s.id LIMIT 16) head
JOIN {slot} s ON s.id = head.id
WHERE s.state = 'free' AND {unseen}
ORDER BY s.priority DESC, s.closeness DESC, s.ord, s.id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
"""
_FRESH = """
SELECT s.id, s.item_id, s.priority, s.closeness, s.ord FROM {slot} s
WHERE {free} AND s.closeness = 0 AND {unseen}
ORDER BY s.priority DESC, s.ord, s.id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
_ANY = """
SELECT s.id, s.item_id, s.priority, s.closeness, s.ord FROM {slot} s
WHERE {free} AND {unseen}
ORDER BY s.priority DESC, s.closeness DESC, s.ord, s.id LIMIT 1 FOR UPDATE SKIP LOCKED
"""

TAKE = """
WITH mine AS (
    SELECT s.id, s.item_id FROM {slot} s
    WHERE s.pool_id = %(pool)s AND s.assigned_to_id = %(person)s AND s.lane = %(lane)s AND s.state = 'free' AND {unseen}
    ORDER BY s.priority DESC, s.closeness DESC, s.ord, s.id LIMIT 1 FOR UPDATE SKIP LOCKED
), anyones AS (
    SELECT best.id, best.item_id FROM unnest(%(skills)s::text[]) AS granted(skill)
    CROSS JOIN LATERAL ({probe}) best
    WHERE NOT EXISTS (SELECT FROM mine)
    ORDER BY best.priority DESC, best.closeness DESC, best.ord, best.id LIMIT 1
), picked AS (
    SELECT id FROM mine UNION ALL SELECT id FROM anyones
), held AS (
    UPDATE {slot} s SET state = 'held' FROM picked WHERE s.id = picked.id RETURNING s.id, s.item_id
), a AS (
INSERT INTO {assignment} (
    uuid, created_at, pool_id, item_id, slot_id, person_id, serial, state, ahead, expires_at, draft, key, body_hash,
    reason
)
SELECT gen_random_uuid(), now(), %(pool)s, held.item_id, held.id, %(person)s, %(serial)s, 'live', %(ahead)s,
    now() + %(lease)s, (
        SELECT d.draft FROM {assignment} d
        WHERE d.item_id = held.item_id AND d.person_id = %(person)s ORDER BY d.id DESC LIMIT 1
    ), '', '', ''
FROM held RETURNING *
) SELECT {columns} FROM a JOIN {item} i ON i.id = a.item_id
"""

# Whether a claim that came away empty had lost a race for the last slots. Two questions, so that each has its index.
LEFT = """
SELECT EXISTS (
    SELECT FROM {slot} s WHERE s.pool_id = %(pool)s AND s.lane = ANY(%(lanes)s) AND s.state = 'free'
    AND s.assigned_to_id = %(person)s AND {unseen}
) OR EXISTS (
    SELECT FROM unnest(%(lanes)s::text[]) AS wanted(lane) CROSS JOIN unnest(%(skills)s::text[]) AS granted(skill)
    CROSS JOIN LATERAL (
        SELECT FROM {slot} s WHERE s.pool_id = %(pool)s AND s.lane = wanted.lane AND s.skill = granted.skill
        AND s.state = 'free' AND s.assigned_to_id IS NULL AND {unseen}
        ORDER BY s.priority DESC, s.closeness DESC, s.ord, s.id LIMIT 1
    ) one
)
"""

# Siblings that somebody else holds at this moment are left out, since waiting for them could end in a deadlock: a slot
# that is being claimed needs no closeness, and of two answers at once one may go uncounted, in the order only.
# COALESCE keeps the planner from the indexes of free slots, which would be read whole: the item's own slots are few.
FINISH = """
WITH finished AS (
    UPDATE {assignment} SET state = 'submitted', submitted_at = now(), draft = NULL, key = %(key)s,
        body_hash = %(body_hash)s
    WHERE id = %(id)s
), closed AS (
    UPDATE {slot} SET state = 'done' WHERE id = %(slot)s
), siblings AS (
    SELECT id FROM {slot}
    WHERE item_id = %(item)s AND state = 'free' AND COALESCE(assigned_to_id, 0) = 0 AND id <> %(slot)s
    FOR UPDATE SKIP LOCKED
)
UPDATE {slot} s SET closeness = s.closeness + 1 FROM siblings WHERE s.id = siblings.id
"""

FREE = """
UPDATE {slot} s SET state = 'free',
    assigned_to_id = CASE WHEN s.lane = ANY(%(personal)s::text[]) THEN s.assigned_to_id ELSE %(assign_to)s END,
    closeness = (
    SELECT count(*) FROM {slot} x WHERE x.item_id = s.item_id AND x.state = 'done' AND x.id <> s.id)
WHERE s.id = %(slot)s
"""

HEARTBEAT = """
UPDATE {assignment} SET expires_at = now() + %(lease)s
WHERE pool_id = %(pool)s AND person_id = %(person)s AND state = 'live' RETURNING id, expires_at
"""


LOCK = """
SELECT {columns}, {pool_columns} FROM {assignment} a JOIN {item} i ON i.id = a.item_id JOIN {pool} p ON p.id = a.pool_id
WHERE a.uuid = %(uuid)s AND a.person_id = %(person)s FOR UPDATE OF a
"""


@dataclass(frozen=True)
class Statements:
    lock: str
    look: str
    renew: str
    take: tuple[str, str, str]
    left: str
    finish: str
    free: str
    heartbeat: str


def related(model: type[models.Model], name: str) -> type[models.Model]:
    found: Any = model._meta.get_field(name).related_model
    return cast(type[models.Model], found)


@cache
def statements(model: type[AbstractAssignment]) -> Statements:
    slot, item, pool = (related(model, name) for name in ("slot", "item", "pool"))
    tables = {"assignment": model, "slot": slot, "item": item, "pool": pool}
    names = {name: f'"{table._meta.db_table}"' for name, table in tables.items()}
    names |= {"columns": f"{columns(model, 'a.')}, {columns(item, 'i.')}", "pool_columns": columns(pool, "p.")}
    names |= {"unseen": _UNSEEN.format(**names), "free": _FREE}
    probes = [probe.format(**names) for probe in (_NEAR, _FRESH, _ANY)]
    near, fresh, any_ = (TAKE.format(**names, probe=probe) for probe in probes)
    plain = (text.format(**names) for text in (LOCK, LOOK, RENEW, LEFT, FINISH, FREE, HEARTBEAT))
    lock, look, renew, left, finish, free, heartbeat = plain
    return Statements(lock, look, renew, (near, fresh, any_), left, finish, free, heartbeat)
