"""Blind studies: what is compared, who rates, what was shown on which side, and the votes."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from evaluation.models.evalsets import EvalItem, EvalSet
from evaluation.models.evaluations import Output, System
from evaluation.models.states import Moves, Moving
from sftlab.db import PublicModel
from sftlab.work.models import AbstractAssignment, AbstractSlot


class Study(PublicModel, Moving):
    """Raters compare or score answers without knowing whose they are."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        CLOSED = "closed", _("Closed")

    class Design(models.TextChoices):
        PAIRWISE = "pairwise", _("Compare two answers")
        LIKERT = "likert", _("Score one answer")
        BOTH = "both", _("Compare and score two answers")

    MOVES: ClassVar[Moves] = {"open": frozenset({"closed"}), "closed": frozenset()}

    status = models.CharField(max_length=16, choices=Status)
    name = models.CharField(_("name"), max_length=120)
    instructions = models.TextField(_("instructions"), blank=True)
    evalset = models.ForeignKey(EvalSet, on_delete=models.PROTECT, related_name="studies")
    design = models.CharField(max_length=8, choices=Design)
    dimensions = models.JSONField(default=list)
    raters_per_unit = models.PositiveSmallIntegerField()
    config = models.JSONField(default=dict)
    seed = models.PositiveIntegerField()
    sample = models.JSONField(default=dict)
    """How the items stand for the set (`sampling.Representation`)."""
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField(null=True)
    refreshed_for = models.PositiveIntegerField(null=True)
    """How many votes the newest result rests on."""

    class Meta:
        ordering = ["-created_at"]
        verbose_name_plural = "studies"

    def __str__(self) -> str:
        return self.name

    @property
    def compares(self) -> bool:
        return self.design != self.Design.LIKERT

    @property
    def scores(self) -> bool:
        return self.design != self.Design.PAIRWISE

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class StudyMember(PublicModel):
    """Somebody's part in a study, and how a rater stands in it."""

    class Role(models.TextChoices):
        RATER = "rater", _("rater")
        MANAGER = "manager", _("manager")

    class Standing(models.TextChoices):
        QUALIFYING = "qualifying", _("qualifying")
        ACTIVE = "active", _("active")
        PAUSED = "paused", _("paused")
        REFUSED = "refused", _("not qualified")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=8, choices=Role, default=Role.RATER)
    standing = models.CharField(max_length=12, choices=Standing, default=Standing.ACTIVE)
    alias = models.CharField(max_length=16)
    """What the rater is called where people may not be named."""
    excluded_at = models.DateTimeField(null=True)
    excluded_reason = models.TextField(blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["study", "user"], name="studymember_once"),
            models.UniqueConstraint(fields=["study", "alias"], name="studymember_alias"),
        ]

    def __str__(self) -> str:
        return f"{self.alias} {self.role}"


class StudySystem(models.Model):
    """A system as it stands in a study: its place in the plan."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="systems")
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="+")
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["study", "position"], name="studysystem_position"),
            models.UniqueConstraint(fields=["study", "system"], name="studysystem_once"),
        ]

    def __str__(self) -> str:
        return str(self.system)


class Answer(models.Model):
    """A text as raters see it: an output in neutral words, or one made for a hidden check (no system)."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="answers")
    item = models.ForeignKey(EvalItem, on_delete=models.PROTECT, related_name="+")
    system = models.ForeignKey(StudySystem, on_delete=models.CASCADE, null=True, related_name="answers")
    output = models.ForeignKey(Output, on_delete=models.PROTECT, null=True, related_name="+")
    text = models.TextField(blank=True)
    replaced = models.JSONField(default=list)
    """The names that were put in neutral words."""
    held = models.JSONField(default=list)
    """The names that could not be: such an answer is shown to nobody."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["study", "item", "system"], condition=Q(system__isnull=False), name="answer_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.study_id}/{self.item_id}"


class Unit(models.Model):
    """One item with the answers that are judged together. Checks are units of their own, outside ranking and counts."""

    class Kind(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        KNOWN = "known", _("known answer")
        DEGRADED = "degraded", _("degraded copy")
        REPEAT = "repeat", _("same again")
        SWAPPED = "swapped", _("same with sides swapped")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="units")
    item = models.ForeignKey(EvalItem, on_delete=models.PROTECT, related_name="+")
    first = models.ForeignKey(Answer, on_delete=models.PROTECT, related_name="+")
    second = models.ForeignKey(Answer, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.ORDINARY)
    of = models.ForeignKey("self", on_delete=models.CASCADE, null=True, related_name="checks")
    """Repeats: the ordinary unit that is shown again."""
    expected = models.JSONField(null=True)
    """Known and degraded: what a careful rater answers, and why."""
    qualifying = models.BooleanField(default=False)

    class Meta:
        indexes = [models.Index(fields=["study", "kind"])]

    def __str__(self) -> str:
        return f"{self.study_id}/{self.pk} {self.kind}"


class Presentation(AbstractSlot):
    """A unit with its sides fixed; one rater answers it."""

    pool = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="presentations", db_index=False)
    item = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="presentations", db_index=False)
    swapped = models.BooleanField(default=False)
    """Whether the unit's second answer stands on the left."""

    def __str__(self) -> str:
        return f"{self.item_id}.{self.number}"

    @property
    def left(self) -> Answer:
        return self.item.second if self.swapped and self.item.second else self.item.first

    @property
    def right(self) -> Answer | None:
        return self.item.first if self.swapped else self.item.second


class Rating(AbstractAssignment):
    """A rater's lease on a presentation. Its uuid is all that the rater's page knows it by."""

    pool = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    item = models.ForeignKey(Unit, on_delete=models.CASCADE, related_name="ratings", db_index=False)
    slot = models.ForeignKey(Presentation, on_delete=models.PROTECT, related_name="ratings", db_index=False)
    settled = models.BooleanField(db_default=False)
    """Whether the sides were chosen for this rater; from then on the presentation stays."""


class Vote(PublicModel):
    """What a rater answered: a choice, scores, or both. Left and right are the presentation's."""

    class Layout(models.TextChoices):
        COLUMNS = "columns", _("side by side")
        TABS = "tabs", _("tabs")
        API = "api", _("program")

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="votes")
    rating = models.OneToOneField(Rating, on_delete=models.PROTECT, related_name="vote")
    presentation = models.OneToOneField(Presentation, on_delete=models.PROTECT, related_name="vote")
    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="votes")
    rater = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    choice = models.CharField(max_length=8, blank=True)
    scores = models.JSONField(default=dict)
    """`{"left": {dimension: 1..5}, "right": {…}}`; only `left` where an answer stood alone."""
    reasons = models.JSONField(default=list)
    """Dimensions that decided the choice."""
    comment = models.TextField(blank=True)
    harmful = models.JSONField(default=list)
    """Sides reported as harmful."""
    lead_time = models.FloatField(null=True)
    """Seconds with the texts in view."""
    layout = models.CharField(max_length=8, choices=Layout, default=Layout.API)
    scripted = models.BooleanField(default=False)
    passed = models.BooleanField(null=True)
    """Hidden checks only: whether the answer was the expected one."""

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["study", "rater", "-id"])]
        constraints = [models.UniqueConstraint(fields=["unit", "rater"], name="vote_once_per_rater")]

    def __str__(self) -> str:
        return str(self.uuid)


class StudyResult(models.Model):
    """What a job computed from the votes so far; the newest one is shown. The last, on closing, is the report."""

    study = models.ForeignKey(Study, on_delete=models.CASCADE, related_name="results")
    created_at = models.DateTimeField(auto_now_add=True)
    votes = models.PositiveIntegerField()
    final = models.BooleanField(default=False)
    data = models.JSONField()
    sha256 = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(fields=["study"], condition=Q(final=True), name="studyresult_one_final"),
        ]

    def __str__(self) -> str:
        return f"{self.study_id} {self.votes}"


class Unblinding(models.Model):
    """That somebody has seen what a model wrote for a set, under its name: they cannot rate these answers."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    evalset = models.ForeignKey(EvalSet, on_delete=models.CASCADE, related_name="+")
    model = models.ForeignKey("training.LanguageModel", on_delete=models.CASCADE, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "evalset", "model"], name="unblinding_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.evalset_id} {self.model_id}"
