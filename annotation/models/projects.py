from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from annotation.dimensions import DEFAULT_DIMENSIONS
from sftlab.db import PublicModel

SHARE = [MinValueValidator(0.0), MaxValueValidator(1.0)]


def default_dimensions() -> list[str]:
    return list(DEFAULT_DIMENSIONS)


class Project(PublicModel):
    class Kind(models.TextChoices):
        WRITE = "write", _("Write responses")
        RATE = "rate", _("Rate responses")

    class Language(models.TextChoices):
        ZH = "zh", _("Chinese")
        EN = "en", _("English")
        MIXED = "mixed", _("Chinese and English")

    class State(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    language = models.CharField(_("language"), max_length=8, choices=Language, default=Language.MIXED)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    overlap = models.PositiveSmallIntegerField(
        _("people per item"), default=1, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    lease_minutes = models.PositiveSmallIntegerField(
        _("minutes per lease"), default=30, validators=[MinValueValidator(1), MaxValueValidator(24 * 60)]
    )
    dimensions = ArrayField(models.CharField(max_length=40), default=default_dimensions)
    seed = models.PositiveIntegerField(_("seed of the random order"), default=0)

    gold_rate = models.FloatField(_("share of hidden gold"), default=0.0, validators=SHARE)
    bar = models.FloatField(
        _("lowest gold accuracy"), default=0.0, validators=SHARE,
        help_text=_("A person whose interval lies below it is paused. 0: nobody is."),
    )  # fmt: skip
    bar_window = models.PositiveSmallIntegerField(
        _("gold items in the window"), default=20, validators=[MinValueValidator(3), MaxValueValidator(500)]
    )
    put_back_on_pause = models.BooleanField(_("put work back when a person is paused"), default=False)
    training_items = models.PositiveSmallIntegerField(_("training items"), default=0)
    pass_mark = models.FloatField(_("pass mark"), default=0.8, validators=SHARE)
    training_tries = models.PositiveSmallIntegerField(
        _("tries"), default=2, validators=[MinValueValidator(1), MaxValueValidator(20)]
    )
    review_rate = models.FloatField(_("share of responses reviewed"), default=1.0, validators=SHARE)
    guideline = models.PositiveIntegerField(default=0)
    """The number of the current guidelines; 0: none yet."""
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.name


class Guideline(models.Model):
    """One version of a project's guidelines, in Markdown; a new text is a new version."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="guidelines")
    number = models.PositiveIntegerField()
    text = models.TextField()
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "number"], name="guideline_number")]

    def __str__(self) -> str:
        return f"{self.project} v{self.number}"


class Membership(PublicModel):
    """One role of one person in a project; the annotator's row carries their standing."""

    class Role(models.TextChoices):
        ANNOTATOR = "annotator", _("annotator")
        REVIEWER = "reviewer", _("reviewer")
        MANAGER = "manager", _("manager")

    project = models.ForeignKey(Project, models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role)
    skills = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    recent = ArrayField(models.BooleanField(), default=list, blank=True)
    """The latest hidden gold, passed or not, the newest last; emptied when a pause is lifted."""
    submitted = models.PositiveIntegerField(default=0)
    day = models.DateField(null=True)
    submitted_on_day = models.PositiveIntegerField(default=0)
    paused_at = models.DateTimeField(null=True)
    pause_reason = models.TextField(default="", blank=True)
    qualified_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user", "role"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} {self.role} {self.project}"
