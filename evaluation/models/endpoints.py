from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from sftlab.db import PublicModel


class Endpoint(PublicModel):
    """Where a model that lives elsewhere answers, in the manner of OpenAI's API. Its key is never shown again."""

    model = models.OneToOneField("training.LanguageModel", on_delete=models.PROTECT, related_name="endpoint")
    base_url = models.CharField(_("base address"), max_length=500)
    remote_name = models.CharField(_("the model's name there"), max_length=200)
    sealed_key = models.TextField(blank=True)
    """Encrypted with the service's secret (`sealing`)."""
    key_variable = models.CharField(_("environment variable with the key"), max_length=100, blank=True)
    """Instead of a stored key."""
    concurrency = models.PositiveSmallIntegerField(
        _("requests at once"), default=4, validators=[MinValueValidator(1), MaxValueValidator(32)]
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["model__name"]

    def __str__(self) -> str:
        return f"{self.model} @ {self.base_url}"
