from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.items import Item
from annotation.models.projects import Project
from annotation.models.work import Response
from sftlab.db import PublicModel


class Gold(models.Model):
    """The known answer of an item and the rule that compares with it; `annotation.gold.GoldAnswer` validates it."""

    item = models.OneToOneField(Item, models.CASCADE, related_name="gold")
    answer = models.JSONField()
    explanation = models.TextField(default="", blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"gold of {self.item}"


class GoldScore(models.Model):
    """How a response to gold did, by the rule as it was then."""

    response = models.OneToOneField(Response, models.CASCADE, related_name="gold_score")
    project = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    training = models.BooleanField(default=False)
    score = models.FloatField()
    passed = models.BooleanField()
    reason = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["project", "person", "-id"], name="goldscore_window")]

    def __str__(self) -> str:
        return f"{self.score:.2f}"


class Review(PublicModel):
    class Verdict(models.TextChoices):
        ACCEPT = "accept", _("accept")
        REJECT = "reject", _("reject")
        FIX = "fix", _("fix")

    response = models.ForeignKey(Response, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=8, choices=Verdict)
    comment = models.TextField(default="", blank=True)

    def __str__(self) -> str:
        return self.verdict
