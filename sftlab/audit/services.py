import json
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from sftlab import prepared

INSERT = """
INSERT INTO audit_event (at, actor_id, verb, kind, object_id, data)
VALUES (now(), %(actor)s, %(verb)s, %(kind)s, %(object)s, %(data)s)
"""


def record(*, actor: AbstractBaseUser | None, verb: str, obj: models.Model, data: dict[str, Any] | None = None) -> None:
    """Append to the log, in the caller's transaction: what was done and its record stand or fall together.

    `actor` None is the service itself (a job, a command).
    """
    prepared.rows(INSERT, values_of(actor=actor, verb=verb, obj=obj, data=data))


def values_of(
    *, actor: AbstractBaseUser | None, verb: str, obj: models.Model, data: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What INSERT takes, for a statement that writes the event beside what it tells of."""
    return {
        "actor": actor.pk if actor is not None else None,
        "verb": verb,
        "kind": obj._meta.label_lower,
        "object": str(getattr(obj, "uuid", obj.pk)),
        "data": json.dumps(data or {}, cls=DjangoJSONEncoder),
    }
