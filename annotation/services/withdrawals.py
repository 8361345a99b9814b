from django.db import transaction
from django.utils.translation import gettext as _

from annotation.access import MANAGERS, access_to
from annotation.models import Item, Withdrawal
from annotation.services import bulk
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput


@transaction.atomic
def withdraw_row(*, actor: User, item: Item, reason: str) -> tuple[Withdrawal, bool]:
    """From now on nobody is given the row, new versions leave it out, and versions that hold it are neither exported
    nor trained on.

    Said again, it changes nothing and the second value is False.
    """
    access_to(actor, item.project, MANAGERS)
    if not reason.strip():
        raise BadInput(_("Say why."), errors=[{"field": "reason", "reason": _("is empty")}])
    made, new = Withdrawal.objects.get_or_create(item=item, defaults={"reason": reason, "withdrawn_by": actor})
    if new:
        bulk.act(actor=actor, project=item.project, items=[item.uuid], action="exclude", reason=reason)
        record(actor=actor, verb="row.withdraw", obj=item, data={"reason": reason})
    return made, new
