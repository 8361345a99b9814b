"""The one error tree. Services raise these; the API and the pages turn them into answers."""

from collections.abc import Sequence
from typing import ClassVar, TypedDict


class FieldError(TypedDict):
    field: str
    reason: str


class SFTLabError(Exception):
    """What went wrong, in words for the person who asked; `errors` names each field at fault."""

    status: ClassVar[int] = 500
    default_code: ClassVar[str] = "error"

    def __init__(self, message: object, *, code: str | None = None, errors: Sequence[FieldError] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.errors = list(errors)


class BadInput(SFTLabError):
    status = 400
    default_code = "bad_input"


class NotPermitted(SFTLabError):
    status = 403
    default_code = "forbidden"


class Missing(SFTLabError):
    """Also for what the person may not know exists."""

    status = 404
    default_code = "not_found"


class Conflict(SFTLabError):
    """A lost race, or a move that the object's state does not allow."""

    status = 409
    default_code = "conflict"


class TooLarge(SFTLabError):
    status = 413
    default_code = "too_large"


class Unavailable(SFTLabError):
    status = 503
    default_code = "unavailable"
