from evaluation.lineage.walk import Lineage, lineage
from evaluation.selectors.leaderboards import Reader
from evaluation.services.studies.members import saw_outputs
from sftlab.accounts.models import User


def look_up(*, kind: str, key: str, person: Reader) -> Lineage:
    """Whoever reads an output under its model's name, also among the neighbours, rates such answers blind no more.

    Raises Missing.
    """
    found = lineage(kind, key, person)
    if isinstance(person, User):
        saw_outputs(user=person, outputs=found.shown("output"))
    return found
