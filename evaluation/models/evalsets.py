from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sftlab.db import PublicModel


class EvalSet(PublicModel):
    """One version of a set of prompts with references. Never changed: another import makes another version."""

    name = models.CharField(_("name"), max_length=120)
    version = models.PositiveIntegerField()
    note = models.TextField(blank=True)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT)

    class Meta:
        ordering = ["name", "-version"]
        constraints = [models.UniqueConstraint(fields=["name", "version"], name="evalset_name_version")]

    def __str__(self) -> str:
        return f"{self.name} v{self.version}"


class EvalItem(PublicModel):
    evalset = models.ForeignKey(EvalSet, on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField()
    key = models.CharField(max_length=200)
    turns = models.JSONField()
    references = models.JSONField(default=list)
    category = models.CharField(max_length=80, blank=True)
    language = models.CharField(max_length=16, blank=True)
    difficulty = models.CharField(max_length=40, blank=True)
    metadata = models.JSONField(default=dict)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["evalset", "position"], name="evalitem_position"),
            models.UniqueConstraint(fields=["evalset", "key"], name="evalitem_key"),
        ]

    def __str__(self) -> str:
        return self.key

    @property
    def prompt(self) -> str:
        """The last thing the person says, for lists and previews."""
        return str(self.turns[-1]["content"]) if self.turns else ""
