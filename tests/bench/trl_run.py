"""One run of TRL's SFTTrainer, for a process of its own, with the seconds, tokens and loss of every step."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from datasets import Dataset
from transformers import AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer

SETTINGS: dict[str, Any] = {
    "lr_scheduler_type": "constant",
    "warmup_steps": 0,
    "weight_decay": 0.01,
    "max_grad_norm": 1.0,
    "activation_checkpointing": False,
    "completion_only_loss": True,
    "logging_steps": 1,
    "save_strategy": "no",
    "report_to": "none",
    "disable_tqdm": True,
}
"""What is compared at the same value. Activations are kept, as ours keeps them: TRL is faster so."""


@dataclass
class Steps:
    seconds: list[float] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    """Of the input, padding included."""
    losses: list[float] = field(default_factory=list)


class Clock(TrainerCallback):  # type: ignore[misc]  # transformers has no types here
    def __init__(self, steps: Steps) -> None:
        self.steps = steps

    def on_step_begin(self, *_: Any, **__: Any) -> None:
        self.steps.seconds.append(-_now())

    def on_step_end(self, *_: Any, **__: Any) -> None:
        self.steps.seconds[-1] += _now()

    def on_log(self, _args: Any, _state: Any, _control: Any, logs: dict[str, Any], **_: Any) -> None:
        self.steps.losses.extend([float(logs["loss"])] if "loss" in logs else [])


def trained(model: Any, rows: list[list[list[int]]], tokenizer: str, settings: dict[str, Any], **more: Any) -> Steps:
    """`rows` are token ids and what is learnt of them; `more` goes to SFTTrainer."""
    steps = Steps()
    content = {"input_ids": [ids for ids, _ in rows], "completion_mask": [list(map(int, flags)) for _, flags in rows]}
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(**SETTINGS | settings),
        train_dataset=Dataset.from_dict(content),
        processing_class=AutoTokenizer.from_pretrained(tokenizer),
        callbacks=[Clock(steps)],
        **more,
    )
    collate = trainer.data_collator

    def counted(examples: Any) -> Any:
        batch = collate(examples)
        steps.tokens.append(batch["input_ids"].numel())
        return batch

    trainer.data_collator = counted
    trainer.train()
    return steps


def _now() -> float:
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()
