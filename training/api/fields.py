import json
import math
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers


class FiniteFloat(serializers.FloatField):
    def to_internal_value(self, data: Any) -> float:
        value = super().to_internal_value(data)
        if not math.isfinite(value):
            raise serializers.ValidationError(_("Give a finite number."))
        return value


@extend_schema_field(OpenApiTypes.OBJECT)
class Options(serializers.DictField):
    """An object whose names the trainer checks; here only that the database can hold it."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        value: dict[str, Any] = super().to_internal_value(data)
        if not is_storable(value):
            raise serializers.ValidationError(_("This holds a character or a number that can't be stored."))
        return value


class Method(Options):
    """`{name, …options}`, or the name alone."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return super().to_internal_value({"name": data} if isinstance(data, str) else data)


def is_storable(value: object) -> bool:
    """PostgreSQL's JSON takes no NUL, half surrogates, infinities or NaN."""
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except ValueError:
        return False
    return b"\\u0000" not in text
