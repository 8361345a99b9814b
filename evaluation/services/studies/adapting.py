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
BATCH = 200
BEGUN, HIGHEST = 1_000_000, 999_999


def steer(*, study: Study, cast: Sequence[Cast]) -> list[dict[str, Any]] | None:
    """The chances drawn by, recorded and to be stored with the result; None where pairs are handed out as planned."""
    if not (study.config["adaptive"] and study.compares and cast):
        return None
    systems = {one["model"]: one["name"] for one in systems_of(study)}
    found = pair_chances(rank(votes_of(cast, systems), seed=study.seed))
    chances = {frozenset((one.first, one.second)): one.chance for one in found}
    seed = f"{study.seed} {len(cast)}"
    drawn = [{"first": one.first, "second": one.second, "chance": one.chance} for one in found]
    record(actor=None, verb=PAIRING, obj=study, data={"votes": len(cast), "seed": seed, "pairs": drawn})
    _draw(study, chances, seed=seed)
    return drawn


def draws(study: Study) -> list[dict[str, Any]]:
    """Every draw so far, oldest first: after how many votes that counted, and by which chances."""
    return [{"at": event.at.isoformat(), **event.data} for event in events_of(study, verb=PAIRING)]


def _draw(study: Study, chances: dict[frozenset[str], float], *, seed: str) -> None:
    """Weighted sampling without replacement (Efraimidis & Spirakis 2006): the key of weight w is u^(1/w).

    In short transactions, since a claim passes over what is locked: in one long one, raters would find nothing.
    """
    toss = random.Random(seed)  # noqa: S311 - recorded, to be repeated
    work = Presentation.objects.filter(pool=study, lane="work")
    begun = set(work.exclude(state="free").values_list("item_id", flat=True))
    keys: dict[int, int] = {}
    moved = []
    names = ("pk", "item_id", "priority", "item__first__system__system__model__uuid")
    free = work.filter(state="free").order_by("item_id", "number")
    for pk, item, before, first, second in free.values_list(*names, "item__second__system__system__model__uuid"):
        if item not in keys:
            weight = chances.get(frozenset((str(first), str(second))), 0.0)
            keys[item] = int(HIGHEST * toss.random() ** (1 / weight)) if weight > 0 else 0
        priority = BEGUN if item in begun else keys[item]
        if priority != before:
            moved.append(Presentation(pk=pk, priority=priority))
    for start in range(0, len(moved), BATCH):
        Presentation.objects.bulk_update(moved[start : start + BATCH], ["priority"])
