from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sftlab.db import PublicModel
from training.models.language_models import LanguageModel
from training.models.states import Moves, Moving


class Run(PublicModel, Moving):
    """One fine-tuning: everything that decides its result, frozen when it is made, and what came of it."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        CANCELLING = "cancelling", _("Being cancelled")
        CANCELLED = "cancelled", _("Cancelled")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")

    MOVES: ClassVar[Moves] = {
        "queued": frozenset({"running", "cancelled", "failed"}),
        "running": frozenset({"queued", "cancelling", "finished", "failed"}),
        "cancelling": frozenset({"cancelled", "finished", "failed"}),
        "cancelled": frozenset({"queued"}),
        "failed": frozenset({"queued"}),
        "finished": frozenset(),
    }

    name = models.CharField(_("name"), max_length=120)
    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    base_model = models.ForeignKey(LanguageModel, on_delete=models.PROTECT, related_name="runs")
    method = models.JSONField()
    config = models.JSONField()
    seed = models.PositiveIntegerField(default=0)
    code_version = models.CharField(max_length=64, blank=True)
    fence = models.PositiveIntegerField(default=0)
    events_offset = models.PositiveBigIntegerField(default=0)
    tries_from = models.PositiveIntegerField(default=0)
    progress = models.JSONField(default=dict)
    result = models.JSONField(default=dict)
    error = models.JSONField(default=dict)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name

    @property
    def base_eval_loss(self) -> float | None:
        loss: float | None = self.result.get("base_eval_loss")
        return loss

    @property
    def eval_loss(self) -> float | None:
        loss: float | None = self.result.get("eval_loss")
        return loss

    @property
    def is_over(self) -> bool:
        return self.status in {self.Status.FINISHED, self.Status.FAILED, self.Status.CANCELLED}


class RunDataset(models.Model):
    """A dataset version in a run's mixture, with the hash it had when the run was made."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="datasets")
    version = models.ForeignKey("annotation.DatasetVersion", on_delete=models.PROTECT, related_name="runs")
    position = models.PositiveSmallIntegerField()
    weight = models.FloatField(default=1.0)
    sha256 = models.CharField(max_length=64)

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "version"], name="run_dataset_once")]

    def __str__(self) -> str:
        return f"{self.version} × {self.weight:g}"
