from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from evaluation.models.evalsets import EvalSet
from evaluation.models.evaluations import Evaluation
from evaluation.models.states import Moves, Moving
from sftlab.db import PublicModel


class ForgettingGate(PublicModel, Moving):
    """What a run's model must still be able to do: not worse than its base on a set, by more than margins allow."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("Waiting for the run")
        EVALUATING = "evaluating", _("Being evaluated")
        PASSED = "passed", _("Passed")
        FAILED = "failed", _("Not passed")
        UNDECIDED = "undecided", _("Undecided")

    MOVES: ClassVar[Moves] = {
        "waiting": frozenset({"evaluating"}),
        "evaluating": frozenset({"passed", "failed", "undecided"}),
        "passed": frozenset({"passed", "failed", "undecided"}),
        "failed": frozenset({"passed", "failed", "undecided"}),
        "undecided": frozenset({"passed", "failed", "undecided"}),
    }

    status = models.CharField(max_length=16, choices=Status, default=Status.WAITING)
    run = models.ForeignKey("training.Run", on_delete=models.CASCADE, related_name="forgetting_gates")
    evalset = models.ForeignKey(EvalSet, on_delete=models.PROTECT, related_name="+")
    margins = models.JSONField()
    """By metric how much worse the tuned model may be, in the metric's own units."""
    decoding = models.JSONField(default=dict)
    seed = models.PositiveIntegerField(default=0)
    evaluation = models.OneToOneField(Evaluation, on_delete=models.PROTECT, null=True, related_name="forgetting_gate")
    result = models.JSONField(default=list)
    """`forgetting.Finding` by metric and language."""
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["run", "evalset"], name="forgetting_once")]

    def __str__(self) -> str:
        return f"{self.run} / {self.evalset}"
