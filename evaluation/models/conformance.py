from django.db import models

from sftlab.db import PublicModel


class Conformance(PublicModel):
    """One run of all published cases on this installation."""

    passed = models.BooleanField()
    results = models.JSONField()
    versions = models.JSONField()
    seconds = models.FloatField()

    class Meta:
        ordering = ["-pk"]
        verbose_name_plural = "conformance"

    def __str__(self) -> str:
        return f"{self.created_at:%Y-%m-%d %H:%M} {'passed' if self.passed else 'failed'}"
