"""Adaptive pairing: what nobody has begun is put in a drawn order, the pairs whose votes tell most coming first.

Every draw goes into the log, so that it can be told from the report by which chances each vote's pair was chosen.
"""

import random
from collections.abc import Sequence
from typing import Any

from evaluation.models.studies import Presentation, Study
from evaluation.ranking import Cast, votes_of
from evaluation.selectors.studies import systems_of
from sftlab.audit.selectors import events_of
from sftlab.audit.services import record
from sftlab.stats.pairing import pair_chances
from sftlab.stats.ranking import rank

PAIRING = "study.pairing"
BATCH = 2000
BEGUN, HIGHEST = 1_000_000, 999_999


def steer(*, study: Study, cast: Sequence[Cast]) -> list[dict[str, Any]] | None:
    """The chances drawn by, recorded and to be stored with the result; None where pairs are handed out as planned."""
    if not (study.config["adaptive"] and study.compares and cast):
        return None
    systems = {one["model"]: one["name"] for one in systems_of(study)}
    found = pair_chances(rank(votes_of(cast, systems), seed=study.seed))
    chances = {frozenset((one.first, one.second)): one.chance for one in found}
    seed = f"{study.seed} {len(cast)}"
    _draw(study, chances, seed=seed)
    drawn = [{"first": one.first, "second": one.second, "chance": one.chance} for one in found]
    record(actor=None, verb=PAIRING, obj=study, data={"votes": len(cast), "seed": seed, "pairs": drawn})
    return drawn


def draws(study: Study) -> list[dict[str, Any]]:
    """Every draw so far, oldest first: after how many votes that counted, and by which chances."""
    return [{"at": event.at.isoformat(), **event.data} for event in events_of(study, verb=PAIRING)]


def _draw(study: Study, chances: dict[frozenset[str], float], *, seed: str) -> None:
    """Weighted sampling without replacement (Efraimidis & Spirakis 2006): the key of weight w is u^(1/w)."""
    toss = random.Random(seed)  # noqa: S311 - recorded, to be repeated
    waiting = Presentation.objects.filter(pool=study, lane="work", state="free").select_related(
        "item__first__system__system__model", "item__second__system__system__model"
    )
    begun = set(
        Presentation.objects.filter(pool=study, lane="work").exclude(state="free").values_list("item_id", flat=True)
    )
    keys: dict[int, int] = {}
    presentations = list(waiting.order_by("item_id", "number"))
    for one in presentations:
        if one.item_id not in keys:
            weight = chances.get(_pair(one), 0.0)
            keys[one.item_id] = int(HIGHEST * toss.random() ** (1 / weight)) if weight > 0 else 0
        one.priority = BEGUN if one.item_id in begun else keys[one.item_id]
    Presentation.objects.bulk_update(presentations, ["priority"], batch_size=BATCH)


def _pair(presentation: Presentation) -> frozenset[str]:
    answers = (presentation.item.first, presentation.item.second)
    return frozenset(str(one.system.system.model.uuid) for one in answers if one and one.system)
