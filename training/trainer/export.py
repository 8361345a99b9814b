"""The task `export`: one folder that plain transformers loads, with the adapter merged into the weights."""

import time
from pathlib import Path
from typing import Any

from training.trainer.base_model import Source, load_chat, locate
from training.trainer.chat import Chat
from training.trainer.errors import TrainerError
from training.trainer.events import Events
from training.trainer.loading import load_tuned
from training.trainer.result_card import read_card
from training.trainer.run_dir import RunDir
from training.trainer.spec import ExportSpec, Spec
from training.trainer.training_task import write_serving_files

MODEL = "model"
PROBES = (
    "Explain in two sentences why the sky is blue.",
    "用两句话说明为什么天空是蓝色的。",
    "Write a haiku about rain.",
)


def export(run_dir: RunDir, spec: Spec, events: Events, cache: Path) -> dict[str, Any]:
    """What was trained on four bits is merged into the weights in full; how far that moves the answers is measured."""
    body = spec.body
    assert isinstance(body, ExportSpec)
    started = time.monotonic()
    source = locate(body.model, cache)
    chat = load_chat(source)
    events.send("start", task=spec.task, fence=spec.fence)
    card = read_card(source.adapter) if source.adapter else None
    if card and not card.mergeable:
        raise TrainerError("not_mergeable", f"A result of {card.method} is no change of weights and cannot be merged.")
    tuned = load_tuned(source, as_trained=False)
    merged = tuned.model.merge_and_unload() if tuned.peft else tuned.core
    merged.save_pretrained(run_dir.path / MODEL)
    write_serving_files(run_dir.path / MODEL, merged, chat)
    return {
        "model": MODEL,
        "kl_divergence": _divergence(source, merged, chat) if card and card.on_four_bits else None,
        "seconds": round(time.monotonic() - started, 3),
    }


def _divergence(source: Source, merged: Any, chat: Chat) -> float:
    """Mean over tokens of KL(as trained on four bits ‖ merged in full)."""
    import torch

    trained = load_tuned(source)
    total, tokens = 0.0, 0
    with torch.inference_mode():
        for probe in PROBES:
            ids = torch.tensor([chat.prompt([{"role": "user", "content": probe}])])
            before, after = (model(ids).logits[0].float().log_softmax(-1) for model in (trained.model, merged))
            total += float((before.exp() * (before - after)).sum())
            tokens += ids.shape[1]
    return total / tokens
