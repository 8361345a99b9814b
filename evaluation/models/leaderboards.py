from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from evaluation.models.evalsets import EvalSet
from sftlab.db import PublicModel


class Leaderboard(PublicModel):
    """What is compared, how it is ordered and who may read it. Its numbers live in snapshots."""

    class Visibility(models.TextChoices):
        PUBLIC = "public", _("anyone")
        TOKEN = "token", _("anyone who is logged in")
        MEMBERS = "members", _("members only")

    slug = models.SlugField(max_length=80, unique=True)
    name = models.CharField(_("name"), max_length=120)
    description = models.TextField(_("description"), blank=True)
    evalset = models.ForeignKey(EvalSet, on_delete=models.PROTECT, related_name="leaderboards")
    study = models.ForeignKey("evaluation.Study", null=True, on_delete=models.PROTECT, related_name="leaderboards")
    definition = models.JSONField(default=dict)
    visibility = models.CharField(max_length=8, choices=Visibility, default=Visibility.MEMBERS)
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, related_name="leaderboards", blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    current = models.ForeignKey("Snapshot", null=True, on_delete=models.SET_NULL, related_name="is_current_of")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Snapshot(PublicModel):
    """The leaderboard at one moment: numbered, immutable (migration 0002), with a digest of everything it rests on."""

    leaderboard = models.ForeignKey(Leaderboard, on_delete=models.CASCADE, related_name="snapshots")
    number = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    definition = models.JSONField()
    inputs = models.JSONField()
    systems = models.ManyToManyField("evaluation.System", related_name="snapshots")
    """Those it shows, as `inputs` names them: which leaderboards rest on a thing is asked often."""
    left_out = models.JSONField(default=list)

    class Meta:
        ordering = ["-number"]
        constraints = [models.UniqueConstraint(fields=["leaderboard", "number"], name="snapshot_number")]

    def __str__(self) -> str:
        return f"{self.leaderboard} #{self.number}"


class SnapshotSlice(models.Model):
    """One language × category of a snapshot, with the bodies that are served as they are."""

    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="slices")
    language = models.CharField(max_length=16, blank=True)
    category = models.CharField(max_length=80, blank=True)
    head = models.JSONField()
    rows = models.JSONField()
    json = models.TextField()
    json_etag = models.CharField(max_length=70)
    csv = models.TextField()
    csv_etag = models.CharField(max_length=70)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["snapshot", "language", "category"], name="slice_once")]

    def __str__(self) -> str:
        return f"{self.snapshot} {self.language} {self.category}".strip()


class Webhook(PublicModel):
    """An address that is told of each new snapshot, signed with `secret`."""

    leaderboard = models.ForeignKey(Leaderboard, on_delete=models.CASCADE, related_name="webhooks")
    url = models.URLField(max_length=500)
    secret = models.CharField(max_length=100)
    active = models.BooleanField(default=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return self.url


class Delivery(PublicModel):
    """One webhook's message about one snapshot; sent at least once."""

    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    snapshot = models.ForeignKey(Snapshot, on_delete=models.CASCADE, related_name="deliveries")
    attempts = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    gave_up_at = models.DateTimeField(null=True)
    answer = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "snapshot"], name="delivery_once")]

    def __str__(self) -> str:
        return f"{self.webhook_id} {self.snapshot_id}"
