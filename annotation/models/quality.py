from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.items import Item
from annotation.models.work import Response
from sftlab.db import PublicModel


class Gold(models.Model):
    """The known answer of an item and the rule that compares with it; `annotation.gold.GoldAnswer` validates it."""

    item = models.OneToOneField(Item, models.CASCADE, related_name="gold")
    answer = models.JSONField()
    feedback = models.JSONField(default=dict)
    """Language → what a person who missed it is told."""
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"gold of {self.item}"


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
