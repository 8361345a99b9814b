from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db import models


def by_uuid(model: type[models.Model]) -> Callable[[str], Any]:
    def find(key: str) -> Any:
        try:
            return model._default_manager.filter(uuid=UUID(key)).first()
        except ValueError:
            return None

    return find
