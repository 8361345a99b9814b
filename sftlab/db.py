"""What every table shares."""

import uuid

from django.db import models


class PublicModel(models.Model):
    """A row that the outside names by a random UUID; the bigint key never leaves the service."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        abstract = True
