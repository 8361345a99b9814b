"""How much of an evaluation set a model may have learnt by heart: its items against a dataset version's rows."""

from typing import Any

from django.core.cache import cache

from annotation.models import DatasetVersion, VersionRow
from evaluation.models import EvalItem, EvalSet
from sftlab.text.duplicates import CONTAMINATION_UNITS, THRESHOLD, Contamination, ContaminationIndex

LISTED = 200
KEPT = 24 * 3600


def contamination(evalset: EvalSet, version: DatasetVersion) -> dict[str, Any]:
    """Items whose prompt or a reference occurs in the version's rows, the most alike first.

    Neither side ever changes, so what was found is kept for a day.
    """
    key = f"contamination:{evalset.sha256}:{evalset.pk}:{version.pk}"
    found: dict[str, Any] = cache.get_or_set(key, lambda: _compare(evalset, version), timeout=KEPT)  # type: ignore[assignment]  # never None
    return found


def _compare(evalset: EvalSet, version: DatasetVersion) -> dict[str, Any]:
    rows = list(VersionRow.objects.filter(version=version).select_related("item").order_by("number"))
    index = ContaminationIndex([_text(row.messages) for row in rows])
    found = [(item, *_worst(index, item)) for item in evalset.items.all()]
    bad = [(item, part, one) for item, part, one in found if one.contaminated]
    bad.sort(key=lambda each: (-max(each[2].overlap, each[2].nearest.similarity if each[2].nearest else 0), each[0].pk))
    return {
        "evalset": str(evalset.uuid),
        "version": str(version.uuid),
        "items": len(found),
        "rows": len(rows),
        "contaminated": len(bad),
        "how": {"n_gram_units": CONTAMINATION_UNITS, "overlap_from": 0.5, "similarity_from": THRESHOLD},
        "found": [_found(item, part, one, rows) for item, part, one in bad[:LISTED]],
    }


def _worst(index: ContaminationIndex, item: EvalItem) -> tuple[str, Contamination]:
    checked = [("prompt", index.check(item.prompt)), *(("reference", index.check(text)) for text in item.references)]
    return max(checked, key=lambda one: (one[1].contaminated, one[1].overlap))


def _found(item: EvalItem, part: str, one: Contamination, rows: list[VersionRow]) -> dict[str, Any]:
    return {
        "item": item.key,
        "prompt": item.prompt,
        "language": item.language,
        "part": part,
        "overlap": one.overlap,
        "similarity": one.nearest.similarity if one.nearest else None,
        "row": str(rows[one.nearest.key].item.uuid) if one.nearest else None,
    }


def _text(messages: list[dict[str, str]]) -> str:
    return "\n".join(turn["content"] for turn in messages)
