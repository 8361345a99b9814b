"""What PostgreSQL can hold: no NUL, no half of a surrogate pair, no nesting without end."""

from typing import Any

from django.utils.translation import gettext as _

from sftlab.errors import BadInput

DEEPEST = 40


def fault(value: Any, depth: int = 0) -> str | None:
    """Why a text or JSON value can't be stored, or None."""
    if isinstance(value, str):
        return _text_fault(value)
    if depth > DEEPEST:
        return _("nested too deeply")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    if isinstance(value, list):
        return next((found for part in value if (found := fault(part, depth + 1))), None)
    return None


def _text_fault(text: str) -> str | None:
    if "\x00" in text:
        return _("has a NUL character")
    try:
        text.encode()
    except UnicodeEncodeError:
        return _("has half of a surrogate pair")
    return None


def check(value: Any, field: str) -> None:
    """Raises BadInput naming `field`."""
    reason = fault(value)
    if reason:
        raise BadInput(_("The request has faults."), errors=[{"field": field, "reason": reason}])
