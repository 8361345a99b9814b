"""What moved between two snapshots, and which inputs moved it. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
ORIGIN = (
    *("name", "system", "outputs_sha256", "model_sha256", "adapter_sha256", "decoding", "seed"),
    *("run", "code_version", "datasets", "withdrawn"),
)


def rows_diff(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Json:
    old, new = ({row["model"]["id"]: row for row in rows} for rows in (before, after))
    moved = [found for model in new if model in old and (found := _moved(old[model], new[model]))]
    return {
        "added": [new[model]["model"] for model in new if model not in old],
        "removed": [old[model]["model"] for model in old if model not in new],
        "moved": moved,
    }


def _moved(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json | None:
    changes: Json = {
        name: {"from": old[name], "to": new[name]}
        for name in ("position", "rank", "strength", "votes", "likert", "flags")
        if old[name] != new[name]
    }
    metrics = {
        key: {"from": _bare(old["metrics"].get(key)), "to": _bare(new["metrics"].get(key))}
        for key in sorted({*old["metrics"], *new["metrics"]})
        if _bare(old["metrics"].get(key)) != _bare(new["metrics"].get(key))
    }
    if metrics:
        changes["metrics"] = metrics
    return {"model": new["model"], **changes} if changes else None


def _bare(cell: Mapping[str, Any] | None) -> Json | None:
    names = ("value", "low", "high", "n", "signature", "reason")
    return {name: cell[name] for name in names} if cell else None


def inputs_diff(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Json]:
    """Each as `{what, model?, from, to}`."""
    changes: list[Json] = [
        {"what": name, "from": before.get(name), "to": after.get(name)}
        for name in ("definition", "evalset", "further", "study", "signatures")
        if before.get(name) != after.get(name)
    ]
    old, new = ({one["model"]: one for one in inputs["systems"]} for inputs in (before, after))
    for model in sorted({*old, *new}):
        changes += _system_changes(model, old.get(model), new.get(model))
    scores_before, scores_after = before["scores"], after["scores"]
    for model in sorted({*scores_before, *scores_after}):
        if scores_before.get(model) != scores_after.get(model):
            change = {"what": "scores", "model": model}
            changes.append(change | {"from": scores_before.get(model), "to": scores_after.get(model)})
    return changes


def _system_changes(model: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> list[Json]:
    if old is None or new is None:
        return [{"what": "system", "model": model, "from": old and old["system"], "to": new and new["system"]}]
    return [
        {"what": name, "model": model, "from": old.get(name), "to": new.get(name)}
        for name in ORIGIN
        if old.get(name) != new.get(name)
    ]
