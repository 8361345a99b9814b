from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from training.models.runs import Run
from training.models.states import Moves, Moving


class Device(models.Model):
    """A slot on a host: one GPU, or the CPU where there is none. One attempt at a time, by a constraint."""

    host = models.CharField(max_length=255)
    name = models.CharField(max_length=40)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["host", "name"], name="device_once")]

    def __str__(self) -> str:
        return f"{self.name}@{self.host}"

    def environment(self) -> dict[str, str]:
        """What makes a child see this device and no other."""
        kind, _colon, index = self.name.partition(":")
        return {"CUDA_VISIBLE_DEVICES": index if kind == "cuda" else ""}


class Attempt(Moving):
    """One worker's try at a run. `number` is its fencing token: only the highest may write."""

    class Status(models.TextChoices):
        RUNNING = "running", _("Running")
        FINISHED = "finished", _("Finished")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")
        HANDED_BACK = "handed_back", _("Handed back")
        LOST = "lost", _("Lost")

    MOVES: ClassVar[Moves] = {
        "running": frozenset({"finished", "failed", "cancelled", "handed_back", "lost"}),
    }

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=16, choices=Status, default=Status.RUNNING)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="attempts")
    pid = models.PositiveIntegerField()
    pid_started = models.FloatField()
    started_at = models.DateTimeField(auto_now_add=True)
    heartbeat_at = models.DateTimeField()
    lease_until = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    note = models.TextField(blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["run", "number"], name="attempt_number_once"),
            models.UniqueConstraint(fields=["run"], condition=Q(status="running"), name="one_attempt_per_run"),
            models.UniqueConstraint(fields=["device"], condition=Q(status="running"), name="one_attempt_per_device"),
        ]

    def __str__(self) -> str:
        return f"{self.run} #{self.number}"


class Metric(models.Model):
    """One point of a run's curves."""

    class Kind(models.TextChoices):
        TRAIN = "train", _("Training")
        EVAL = "eval", _("Evaluation")

    attempt = models.ForeignKey(Attempt, on_delete=models.CASCADE, related_name="metrics")
    step = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=Kind)
    at = models.DateTimeField()
    values = models.JSONField()

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["attempt", "step", "kind"], name="metric_once")]

    def __str__(self) -> str:
        return f"{self.attempt} {self.kind} {self.step}"
