from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from sftlab.db import PublicModel


class LanguageModel(PublicModel):
    """A model that can be trained or can answer: a folder, one from a hub, a run's result, or one elsewhere."""

    class Kind(models.TextChoices):
        FOLDER = "folder", _("Folder")
        HUB = "hub", _("Model hub")
        TUNED = "tuned", _("Tuned here")
        EXTERNAL = "external", _("Elsewhere")

    name = models.CharField(_("name"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    path = models.TextField(
        _("folder"), blank=True, help_text=_("Where the weights lie; empty when they are not here.")
    )
    hub_id = models.CharField(_("hub id"), max_length=200, blank=True)
    gguf_file = models.CharField(_("GGUF file"), max_length=200, blank=True)
    template = models.CharField(
        _("chat template"), max_length=40, blank=True, help_text=_("Empty means the model's own.")
    )
    trust_remote_code = models.BooleanField(_("run code that comes with the model"), default=False)
    family = models.CharField(_("family"), max_length=60, blank=True)
    parameters = models.BigIntegerField(_("parameters"), null=True)
    licence = models.CharField(_("licence"), max_length=120, blank=True)
    files = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64, blank=True)
    problem = models.TextField(blank=True)
    base = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="tuned")
    adapter = models.TextField(blank=True)
    adapter_sha256 = models.CharField(max_length=64, blank=True)
    run = models.OneToOneField("training.Run", null=True, on_delete=models.PROTECT, related_name="tuned")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name
