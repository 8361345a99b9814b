from collections import Counter
from collections.abc import Iterable
from statistics import median
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from evaluation.models import EvalItem, EvalSet
from sftlab.errors import Missing
from sftlab.text.segmentation import units


def evalsets() -> QuerySet[EvalSet]:
    return EvalSet.objects.select_related("created_by")


def get_evalset(uuid: UUID) -> EvalSet:
    found = evalsets().filter(uuid=uuid).first()
    if found is None:
        raise Missing(_("There is no such evaluation set."))
    return found


def coverage(evalset: EvalSet) -> dict[str, Any]:
    """What the set holds: counts by label, and lengths in words (English) or characters (Chinese)."""
    items = list(evalset.items.all())
    return {
        "items": len(items),
        "languages": _counts(item.language for item in items),
        "categories": _counts(item.category for item in items),
        "difficulties": _counts(item.difficulty for item in items),
        "language_by_category": _cross(items),
        "multi_turn": sum(len(item.turns) > 1 for item in items),
        "references": _counts(str(len(item.references)) for item in items),
        "without_reference": sum(not item.references for item in items),
        "prompt_length": _spread([len(units(item.prompt)) for item in items]),
        "reference_length": _spread([len(units(text)) for item in items for text in item.references]),
    }


def _counts(labels: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(labels).items(), key=lambda pair: (-pair[1], pair[0])))


def _cross(items: list[EvalItem]) -> list[dict[str, Any]]:
    found = Counter((item.category, item.language) for item in items)
    return [{"category": c, "language": lang, "items": n} for (c, lang), n in sorted(found.items())]


def _spread(lengths: list[int]) -> dict[str, float] | None:
    if not lengths:
        return None
    return {"min": min(lengths), "median": median(lengths), "max": max(lengths)}
