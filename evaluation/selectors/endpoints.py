from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evaluation.models import Endpoint
from sftlab.errors import Missing


def endpoints() -> QuerySet[Endpoint]:
    return Endpoint.objects.select_related("model", "created_by")


def get_endpoint(uuid: UUID) -> Endpoint:
    found = endpoints().filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such endpoint."))
    return found
