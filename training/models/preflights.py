from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sftlab.db import PublicModel
from training.models.states import Moves, Moving


class Preflight(PublicModel, Moving):
    """A look at a run before it is made: real tokenizer, real rows, one real step."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    MOVES: ClassVar[Moves] = {
        "queued": frozenset({"running", "failed"}),
        "running": frozenset({"running", "queued", "done", "failed"}),
    }

    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    request = models.JSONField()
    fence = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)
    error = models.JSONField(default=dict)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.uuid}"
