"""How well a system's model predicts the references, by a child of the trainer; perplexity is summed from it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypedDict

from evaluation.models import EvalItem, Evaluation, System
from sftlab.errors import SFTLabError
from training.execution import TRAINER, write_json
from training.run_dirs import cache_dir, run_dir
from training.selectors import trainer_model
from training.services.models import check_files
from training.supervisor import Outcome, supervise

ROWS = "references.jsonl"


class Prediction(TypedDict):
    """Nats of a reference's tokens, given the prompt, and how many there are."""

    nll: float
    tokens: int


Predictions = dict[int, dict[str, Prediction]]
"""By system and item."""


def references_dir(system: System) -> Path:
    return run_dir(system.uuid).with_name(f"{system.uuid}-references")


def predict_references(system: System, *, cancelled: Callable[[], bool]) -> Outcome:
    """Nothing to do for a model without weights here; what was predicted before is not predicted again."""
    folder = references_dir(system)
    rows = [row for item in system.evaluation.evalset.items.all() if (row := _row(item))]
    if not system.model.path or not rows:
        return Outcome("done")
    try:
        check_files(system.model)
        folder.mkdir(parents=True, exist_ok=True)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / ROWS).write_text(text, encoding="utf-8")
        spec = {
            "version": 1,
            "task": "perplexity",
            "model": trainer_model(system.model),
            "data": [{"path": ROWS}],
            "fence": system.evaluation.fence,
            "cache": str(cache_dir()),
        }
        write_json(folder / "spec.json", spec)
    except (SFTLabError, OSError) as error:
        return Outcome("failed", errors=[{"code": "files", "message": str(error)}])
    evaluation = system.evaluation
    return supervise(
        folder,
        [*TRAINER, str(folder)],
        on_events=lambda events, offset: None,
        should_cancel=cancelled,
        heartbeat=lambda: Evaluation.objects.filter(pk=evaluation.pk, fence=evaluation.fence).exists(),
        fence=evaluation.fence,
    )


def _row(item: EvalItem) -> dict[str, object] | None:
    """The first reference as the answer. An answer in the conversation before it would count too, so such have none."""
    if not item.references or not item.references[0].strip() or any(t["role"] == "assistant" for t in item.turns):
        return None
    return {"id": item.key, "messages": [*item.turns, {"role": "assistant", "content": item.references[0]}]}


def read_predictions(system: System) -> dict[str, Prediction]:
    outputs = references_dir(system) / "outputs.jsonl"
    if not outputs.exists():
        return {}
    rows = map(json.loads, outputs.read_text(encoding="utf-8").splitlines())
    return {row["id"]: {"nll": row["nll"], "tokens": row["tokens"]} for row in rows}
