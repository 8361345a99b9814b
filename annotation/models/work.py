from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.models.items import Item
from annotation.models.projects import Project
from sftlab.db import PublicModel
from sftlab.work.models import AbstractAssignment, AbstractSlot


class Slot(AbstractSlot):
    PERSONAL = (Item.Lane.GOLD, Item.Lane.TRAINING)

    pool = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="slots", db_index=False)


class Assignment(AbstractAssignment):
    pool = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="assignments", db_index=False)
    slot = models.ForeignKey(Slot, models.CASCADE, related_name="+", db_index=False)


class Response(PublicModel):
    """What a person answered. A fix by a reviewer is a response of its own, beside the one it replaces."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting for review")
        PASSED = "passed", _("taken without review")
        ACCEPTED = "accepted", _("accepted")
        REJECTED = "rejected", _("rejected")
        FIXED = "fixed", _("fixed")
        OUTVOTED = "outvoted", _("another was chosen")
        SET_ASIDE = "set_aside", _("set aside")
        SCORED = "scored", _("scored")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        State.WAITING: frozenset({State.ACCEPTED, State.REJECTED, State.FIXED, State.OUTVOTED, State.SET_ASIDE}),
        State.PASSED: frozenset({State.ACCEPTED, State.REJECTED, State.FIXED, State.OUTVOTED, State.SET_ASIDE}),
        State.ACCEPTED: frozenset({State.OUTVOTED, State.SET_ASIDE}),
        State.OUTVOTED: frozenset({State.ACCEPTED, State.SET_ASIDE}),
        State.REJECTED: frozenset(),
        State.FIXED: frozenset(),
        State.SET_ASIDE: frozenset(),
        State.SCORED: frozenset(),
    }
    USABLE: ClassVar[tuple[str, ...]] = (State.ACCEPTED, State.PASSED)

    project = models.ForeignKey(Project, models.CASCADE, related_name="responses", db_index=False)
    item = models.ForeignKey(Item, models.CASCADE, related_name="responses")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="responses", db_index=False)
    assignment = models.OneToOneField(Assignment, models.CASCADE, null=True, related_name="response")
    replaces = models.OneToOneField("self", models.CASCADE, null=True, related_name="fix")
    output = models.TextField(default="", blank=True)
    messages = models.JSONField(null=True)
    ratings = models.JSONField(null=True)
    flags = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    guideline = models.PositiveIntegerField(default=0)
    lead_time = models.FloatField(default=0.0)
    state = models.CharField(max_length=10, choices=State)
    score = models.FloatField(null=True)
    passed = models.BooleanField(null=True)
    score_reason = models.TextField(default="", blank=True)
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    """Who has it open for review, since when: another reviewer is given another one."""
    reviewer_since = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["project", "author", "-id"], name="response_by_author"),
            models.Index(fields=["project", "state", "id"], name="response_queue"),
        ]

    def __str__(self) -> str:
        return str(self.uuid)
