from evaluation.lineage.walk import Lineage, lineage
from evaluation.models import Output
from evaluation.selectors.leaderboards import Reader
from evaluation.services.studies.members import saw_by_system
from sftlab.accounts.models import User


def look_up(*, kind: str, key: str, person: Reader) -> Lineage:
    """Whoever reads an output under its model's name rates such answers blind no more. Raises Missing."""
    found = lineage(kind, key, person)
    if kind == "output" and isinstance(person, User):
        output = Output.objects.select_related("system__model", "system__evaluation__evalset").get(uuid=found.node.id)
        saw_by_system(user=person, evalset=output.system.evaluation.evalset, models=[output.system.model])
    return found
