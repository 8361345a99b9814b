"""Reads of the log."""

from django.db import models
from django.db.models import QuerySet

from sftlab.audit.models import Event


def events_of(obj: models.Model, *, verb: str) -> QuerySet[Event]:
    """What was done to this object by this verb, oldest first."""
    object_id = str(getattr(obj, "uuid", obj.pk))
    return Event.objects.filter(kind=obj._meta.label_lower, object_id=object_id, verb=verb).order_by("pk")
