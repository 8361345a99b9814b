"""What can end a run: a bad spec (every fault at once), a failure that names the thing, a wish to stop."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    field: str
    reason: str

    def __str__(self) -> str:
        return f"{self.field}: {self.reason}"


class BadSpec(Exception):
    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = tuple(faults)


class TrainerError(Exception):
    """A failure with a code for programs, a sentence for people, and the ids of the rows it is about."""

    def __init__(self, code: str, message: str, *, rows: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.code, self.message, self.rows = code, message, list(rows)


class Stopped(Exception):
    """Cancel was asked for and everything needed to go on is saved."""
