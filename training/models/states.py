"""One way to change a status: along the model's table of moves, and never over another process's change."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _

from sftlab.errors import Conflict

Moves = Mapping[str, frozenset[str]]


class Moving(models.Model):
    MOVES: ClassVar[Moves] = {}

    status: "models.CharField[str, str]"

    class Meta:
        abstract = True

    def transition(self, to: str, **fields: Any) -> None:
        """Raises Conflict when the table has no such move or the status is no longer what was read."""
        before = str(self.status)
        if str(to) not in self.MOVES.get(before, frozenset()):
            raise Conflict(
                _("This can't go from “%(before)s” to “%(to)s”.") % {"before": before, "to": str(to)}, code="bad_move"
            )
        unchanged: dict[str, Any] = {"pk": self.pk, "status": before}
        changes: dict[str, Any] = {"status": to, **fields}
        if not type(self)._default_manager.filter(**unchanged).update(**changes):
            raise Conflict(_("Someone else was faster; look again."), code="lost_race")
        self.status = str(to)
        for name, value in fields.items():
            setattr(self, name, value)
