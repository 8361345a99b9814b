from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.work import Response
from sftlab.db import PublicModel


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
