"""What is handed out: slots, and the assignments that people hold on them.

An app makes both concrete beside a pool (a project, a study) and its items, under these names:

    class Slot(AbstractSlot):
        pool = models.ForeignKey(Project, models.CASCADE, related_name="+", db_index=False)
        item = models.ForeignKey(Item, models.CASCADE, related_name="slots", db_index=False)

    class Assignment(AbstractAssignment):
        pool, item = (as above, without cascades where history counts)
        slot = models.ForeignKey(Slot, models.PROTECT, related_name="+", db_index=False)

An item has as many slots as it needs people. The constraints below are what makes handing out exact.
"""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from sftlab.db import PublicModel


class AbstractSlot(models.Model):
    """One person's place on an item."""

    class State(models.TextChoices):
        FREE = "free", _("free")
        HELD = "held", _("held")
        DONE = "done", _("done")
        CLOSED = "closed", _("closed")

    PERSONAL: ClassVar[tuple[str, ...]] = ()
    """Lanes whose slots are each made for one person, and stay theirs when they are given back."""

    pool: models.ForeignKey[Any, Any]
    item: models.ForeignKey[Any, Any]

    number = models.PositiveSmallIntegerField()
    lane = models.CharField(max_length=16, default="work")
    """Which queue of the pool: a claim names the lanes it takes from, the most wanted first."""
    skill = models.CharField(max_length=40, default="", blank=True)
    """What a person must have been granted to be given it; empty: nothing."""
    state = models.CharField(max_length=8, choices=State, default=State.FREE)
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False
    )
    priority = models.IntegerField(default=0)
    closeness = models.PositiveSmallIntegerField(default=0)
    """How many slots of the same item are done, kept only while this one is free: it orders claims, nothing else."""
    ord = models.BigIntegerField()
    """A seeded random number, the same for all slots of an item."""

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["item", "number"], name="%(class)s_number")]
        indexes = [
            models.Index(
                "pool", "lane", "skill", models.F("priority").desc(), models.F("closeness").desc(), "ord", "id",
                name="%(class)s_free", condition=Q(state="free", assigned_to=None),
            ),
            models.Index(
                "pool", "lane", "skill", models.F("priority").desc(), "ord", "id",
                name="%(class)s_fresh", condition=Q(state="free", assigned_to=None, closeness=0),
            ),
            models.Index(
                fields=["pool", "assigned_to"],
                name="%(class)s_named", condition=Q(state="free", assigned_to__isnull=False),
            ),
        ]  # fmt: skip


class AbstractAssignment(PublicModel):
    """One person's lease on a slot, and what became of it."""

    class State(models.TextChoices):
        LIVE = "live", _("in work")
        SUBMITTED = "submitted", _("submitted")
        EXPIRED = "expired", _("expired")
        RELEASED = "released", _("given back")
        SKIPPED = "skipped", _("skipped")
        RETURNED = "returned", _("returned to the author")
        SET_ASIDE = "set_aside", _("set aside")

    MOVES: ClassVar[dict[str, frozenset[str]]] = {
        State.LIVE: frozenset({State.SUBMITTED, State.EXPIRED, State.RELEASED, State.SKIPPED}),
        State.EXPIRED: frozenset({State.SUBMITTED, State.SKIPPED}),
        State.RELEASED: frozenset({State.SUBMITTED, State.SKIPPED}),
        State.SUBMITTED: frozenset({State.RETURNED, State.SET_ASIDE}),
        State.SKIPPED: frozenset(),
        State.RETURNED: frozenset(),
        State.SET_ASIDE: frozenset(),
    }
    """An expired or released one is submitted late, while its slot is still free."""

    pool: models.ForeignKey[Any, Any]
    item: models.ForeignKey[Any, Any]
    slot: models.ForeignKey[Any, Any]
    pool_id: int
    item_id: int
    slot_id: int

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    serial = models.PositiveIntegerField()
    """The how-manieth of this person in this pool: schedules (hidden gold, repeats) go by it."""
    state = models.CharField(max_length=10, choices=State, default=State.LIVE)
    ahead = models.BooleanField(default=False)
    expires_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    draft = models.JSONField(null=True)
    key = models.CharField(max_length=200, default="", blank=True)
    body_hash = models.CharField(max_length=64, default="", blank=True)
    reason = models.TextField(default="", blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.UniqueConstraint(
                fields=["slot"], condition=Q(state__in=["live", "submitted"]), name="%(class)s_one_per_slot"
            ),
            models.UniqueConstraint(
                fields=["item", "person"], condition=Q(state__in=["live", "submitted"]), name="%(class)s_once_per_item"
            ),
            models.UniqueConstraint(
                fields=["pool", "person", "ahead"], condition=Q(state="live"), name="%(class)s_two_leases"
            ),
            models.UniqueConstraint(fields=["pool", "person", "serial"], name="%(class)s_serial"),
        ]
        indexes = [
            models.Index(fields=["item", "person"], name="%(class)s_seen"),
            models.Index(fields=["pool", "expires_at"], name="%(class)s_due", condition=Q(state="live")),
        ]

    def __str__(self) -> str:
        return f"{self.uuid} {self.state}"
