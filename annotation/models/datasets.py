from django.conf import settings
from django.db import models

from annotation.models.items import Item
from annotation.models.projects import Project
from annotation.models.work import Response
from sftlab.db import PublicModel


class DatasetVersion(PublicModel):
    """A frozen set of rows. The database refuses to change it or its rows (migration 0002)."""

    project = models.ForeignKey(Project, models.PROTECT, related_name="versions")
    name = models.CharField(max_length=120)
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    rows = models.PositiveIntegerField()
    splits = models.JSONField()
    """Name → rows in it."""
    languages = models.JSONField()
    seed = models.PositiveIntegerField()
    note = models.TextField(default="", blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "name"], name="version_name"),
            models.UniqueConstraint(fields=["project", "number"], name="version_number"),
        ]

    def __str__(self) -> str:
        return f"{self.project} {self.name}"


class VersionRow(models.Model):
    """Its public id is its item's: a row keeps its name from version to version."""

    version = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="row_set", db_index=False)
    number = models.PositiveIntegerField()
    split = models.CharField(max_length=40)
    item = models.ForeignKey(Item, models.PROTECT, related_name="version_rows")
    response = models.ForeignKey(Response, models.PROTECT, related_name="version_rows", null=True)
    messages = models.JSONField()
    metadata = models.JSONField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="versionrow_number")]

    def __str__(self) -> str:
        return f"{self.version_id} {self.number}"
