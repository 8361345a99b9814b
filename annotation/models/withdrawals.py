from django.conf import settings
from django.db import models

from annotation.models.items import Item
from sftlab.db import PublicModel


class Withdrawal(PublicModel):
    """That a row may no longer be used: consent was taken back, or its licence does not allow it. Never undone."""

    item = models.OneToOneField(Item, models.PROTECT, related_name="withdrawal")
    reason = models.TextField()
    withdrawn_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.item_id}"
