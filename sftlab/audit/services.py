from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models

from sftlab.audit.models import Event


def record(*, actor: AbstractBaseUser | None, verb: str, obj: models.Model, data: dict[str, Any] | None = None) -> None:
    """Append to the log, in the caller's transaction: what was done and its record stand or fall together.

    `actor` None is the service itself (a job, a command).
    """
    Event.objects.create(
        actor_id=actor.pk if actor is not None else None,
        verb=verb,
        kind=obj._meta.label_lower,
        object_id=str(getattr(obj, "uuid", obj.pk)),
        data=data or {},
    )
