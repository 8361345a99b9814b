from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import models

from evaluation.lineage.nodes import Reader


def by_uuid(model: type[models.Model]) -> Callable[[str, Reader], Any]:
    def find(key: str, _reader: Reader) -> Any:
        uuid = as_uuid(key)
        return model._default_manager.filter(uuid=uuid).first() if uuid else None

    return find


def as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
