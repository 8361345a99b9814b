"""Status changes, in one place: a table of moves and the conditional update that makes one."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from sftlab.errors import Conflict

Moves = Mapping[str, frozenset[str]]


class Moving(models.Model):
    """A row with a status that only `transition` changes."""

    MOVES: ClassVar[Moves] = {}

    status = models.CharField(max_length=16)
    moved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        abstract = True

    def transition(self, to: str, **fields: Any) -> None:
        """Move to `to` and set `fields` with it. Raises Conflict when the row is elsewhere by now."""
        allowed = [before for before, after in self.MOVES.items() if to in after]
        fields |= {"status": to, "moved_at": timezone.now()}
        moved = type(self)._default_manager.filter(pk=self.pk, status__in=allowed).update(**fields)
        if not moved:
            self.refresh_from_db(fields=["status"])
            raise Conflict(f"{type(self).__name__}: {self.status} → {to} is not a move.", code="wrong_status")
        for name, value in fields.items():
            setattr(self, name, value)
