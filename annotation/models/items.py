from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.projects import Project
from sftlab.db import PublicModel


class Item(PublicModel):
    """What a person is given: a conversation that ends with the user's turn, and perhaps an existing response."""

    class Lane(models.TextChoices):
        WORK = "work", _("work")
        GOLD = "gold", _("gold")
        TRAINING = "training", _("training")

    project = models.ForeignKey(Project, models.CASCADE, related_name="items", db_index=False)
    source_id = models.CharField(max_length=200, default="", blank=True)
    messages = models.JSONField()
    input = models.TextField(default="", blank=True)
    """What the last turn's instruction is about, kept apart as Alpaca does."""
    output = models.TextField(default="", blank=True)
    """The response to rate, or a draft to write from."""
    metadata = models.JSONField(default=dict)
    sha256 = models.CharField(max_length=64)
    lane = models.CharField(max_length=8, choices=Lane, default=Lane.WORK)
    skill = models.CharField(max_length=40, default="", blank=True)
    priority = models.IntegerField(default=0)
    answer = models.JSONField(null=True)
    """Of gold and training items: the known answer and the rule that compares with it, as `annotation.gold` has it."""
    feedback = models.JSONField(default=dict)
    """Language → what a person who missed it is told."""
    excluded_at = models.DateTimeField(null=True)
    warnings = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    """What its import warned of: kinds of `annotation.checks`."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "sha256"], name="item_once")]
        indexes = [
            models.Index(fields=["project", "-id"], name="item_newest"),
            models.Index(fields=["project", "-id"], name="item_warned", condition=~models.Q(warnings=[])),
        ]

    def __str__(self) -> str:
        return str(self.uuid)


class Comment(PublicModel):
    """Between annotator, reviewer and manager, on an item."""

    item = models.ForeignKey(Item, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    text = models.TextField()

    def __str__(self) -> str:
        return self.text[:60]
