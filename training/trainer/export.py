"""The task `export`: one folder that plain transformers loads, with the adapter merged into the weights."""

import time
from pathlib import Path
from typing import Any

from training.trainer.base_model import load_chat, locate
from training.trainer.errors import TrainerError
from training.trainer.events import Events
from training.trainer.loading import load_tuned
from training.trainer.run_dir import RunDir
from training.trainer.spec import ExportSpec, Spec
from training.trainer.training_task import write_serving_files

MODEL = "model"


def export(run_dir: RunDir, spec: Spec, events: Events, cache: Path) -> dict[str, Any]:
    body = spec.body
    assert isinstance(body, ExportSpec)
    started = time.monotonic()
    source = locate(body.model, cache)
    chat = load_chat(source)
    events.send("start", task=spec.task, fence=spec.fence)
    tuned = load_tuned(source)
    if tuned.peft and not hasattr(tuned.model, "merge_and_unload"):
        raise TrainerError("not_mergeable", "This adapter is no change of weights and cannot be merged.")
    merged = tuned.model.merge_and_unload() if tuned.peft else tuned.core
    merged.save_pretrained(run_dir.path / MODEL)
    write_serving_files(run_dir.path / MODEL, merged, chat)
    return {"model": MODEL, "seconds": round(time.monotonic() - started, 3)}
