from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluation.models.evalsets import EvalItem, EvalSet
from evaluation.models.states import Moves, Moving
from sftlab.db import PublicModel


class Evaluation(PublicModel, Moving):
    """Models answer an evaluation set with one decoding, and metrics score what they wrote."""

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        GENERATING = "generating", _("Generating")
        SCORING = "scoring", _("Scoring")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    MOVES: ClassVar[Moves] = {
        "queued": frozenset({"generating", "scoring", "failed", "cancelled"}),
        "generating": frozenset({"generating", "scoring", "failed", "cancelled"}),
        "scoring": frozenset({"scoring", "done", "failed", "cancelled"}),
        "done": frozenset({"scoring"}),
        "failed": frozenset({"queued", "scoring"}),
        "cancelled": frozenset({"queued"}),
    }

    status = models.CharField(max_length=16, choices=Status, default=Status.QUEUED)
    name = models.CharField(_("name"), max_length=120, blank=True)
    evalset = models.ForeignKey(EvalSet, on_delete=models.PROTECT, related_name="evaluations")
    metrics = models.JSONField(default=list)
    decoding = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)
    progress = models.JSONField(default=dict)
    comparisons = models.JSONField(default=dict)
    """By language and metric every two systems, as `metrics.resampling.Comparison`."""
    parts = models.JSONField(default=dict)
    """By language and metric the same over parts of the items, as `metrics.comparing.parts`."""
    correlations = models.JSONField(default=list)
    """Of metrics with people's votes, as `correlation.Correlation`."""
    error = models.TextField(blank=True)
    fence = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name or f"{self.evalset} {self.created_at:%Y-%m-%d %H:%M}"


class System(PublicModel, Moving):
    """A model under comparison in one evaluation: its outputs' source, progress and cost."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting for uploaded outputs")
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        CANCELLED = "cancelled", _("Cancelled")

    class Source(models.TextChoices):
        GENERATED = "generated", _("generated here")
        UPLOADED = "uploaded", _("uploaded")
        FETCHED = "fetched", _("fetched from an endpoint")

    MOVES: ClassVar[Moves] = {
        "waiting": frozenset({"done", "queued", "cancelled"}),
        "queued": frozenset({"running", "waiting", "done", "failed", "cancelled"}),
        "running": frozenset({"running", "done", "failed", "cancelled", "queued"}),
        "failed": frozenset({"queued", "done"}),
        "cancelled": frozenset({"queued", "done"}),
        "done": frozenset(),
    }

    status = models.CharField(max_length=16, choices=Status)
    evaluation = models.ForeignKey(Evaluation, on_delete=models.CASCADE, related_name="systems")
    model = models.ForeignKey("training.LanguageModel", on_delete=models.PROTECT, related_name="systems")
    source = models.CharField(max_length=16, choices=Source, default=Source.GENERATED)
    done = models.PositiveIntegerField(default=0)
    tokens = models.PositiveBigIntegerField(default=0)
    seconds = models.FloatField(null=True)
    tokens_per_s = models.FloatField(null=True)
    versions = models.JSONField(default=dict)
    error = models.TextField(blank=True)
    fence = models.PositiveIntegerField(default=0)
    events_offset = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["evaluation", "model"], name="system_once")]

    def __str__(self) -> str:
        return str(self.model)


class Output(PublicModel):
    """What a system wrote for an item. Written once."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="outputs")
    item = models.ForeignKey(EvalItem, on_delete=models.PROTECT, related_name="outputs")
    text = models.TextField(blank=True)
    finish = models.CharField(max_length=16, blank=True)
    tokens = models.PositiveIntegerField(null=True)

    class Meta:
        ordering = ["item__position"]
        constraints = [models.UniqueConstraint(fields=["system", "item"], name="output_once")]

    def __str__(self) -> str:
        return f"{self.system_id}/{self.item_id}"


class Score(PublicModel):
    """A metric's value on one slice of a system's outputs, with what made it. A null value says why in `reason`."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=60)
    language = models.CharField(max_length=16, blank=True)
    category = models.CharField(max_length=80, blank=True)
    value = models.FloatField(null=True)
    low = models.FloatField(null=True)
    high = models.FloatField(null=True)
    n = models.PositiveIntegerField(default=0)
    signature = models.TextField(blank=True)
    better = models.CharField(max_length=8, default="higher")
    flags = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict)
    current = models.BooleanField(default=True)
    """False once another took its place: what an earlier snapshot shows keeps its origin."""

    class Meta:
        ordering = ["metric", "language", "category"]
        constraints = [
            models.UniqueConstraint(
                fields=["system", "metric", "language", "category"], condition=Q(current=True), name="score_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.metric} {self.language} {self.category}".strip()


class ItemScore(models.Model):
    """One output's value, with the sufficient statistics from which any slice or comparison is summed."""

    output = models.ForeignKey(Output, on_delete=models.CASCADE, related_name="scores")
    metric = models.CharField(max_length=60)
    value = models.FloatField(null=True)
    reason = models.CharField(max_length=200, blank=True)
    flags = models.JSONField(default=list)
    statistics = ArrayField(models.FloatField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["output", "metric"], name="itemscore_once")]

    def __str__(self) -> str:
        return f"{self.output_id} {self.metric}"
