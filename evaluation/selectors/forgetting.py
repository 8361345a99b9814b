from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evaluation.models import ForgettingGate
from sftlab.errors import Missing
from training.models import Run


def get_run(uuid: UUID) -> Run:
    found = Run.objects.select_related("base_model", "tuned").filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such run."))
    return found


def gates_of(run: Run) -> QuerySet[ForgettingGate]:
    return ForgettingGate.objects.filter(run=run).select_related("evalset", "evaluation", "created_by")
