from django.utils.translation import gettext as _

from annotation.models import DatasetVersion, Item
from sftlab.errors import Conflict

LISTED = 100


def withdrawn_in(version: DatasetVersion) -> list[str]:
    """Ids of the version's rows that were withdrawn after it was frozen."""
    found = Item.objects.filter(version_rows__version=version, withdrawal__isnull=False)
    return [str(uuid) for uuid in found.order_by("pk").values_list("uuid", flat=True)]


def refuse_withdrawn(version: DatasetVersion) -> None:
    """Raises Conflict that names the rows."""
    rows = withdrawn_in(version)
    if rows:
        raise Conflict(
            _("“%(version)s” holds rows that were withdrawn. Freeze a new version: it leaves them out.")
            % {"version": version},
            code="withdrawn",
            errors=[{"field": "rows", "reason": row} for row in rows[:LISTED]],
        )
