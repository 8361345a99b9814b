"""Weights, gradients and optimizer state whole in every process; a sharded placement overrides where they lie."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from training.trainer.checkpoints import Checkpoint, load_optimizer, load_weights
from training.trainer.optimizer import make_optimizer
from training.trainer.ranks import Ranks
from training.trainer.spec import TrainConfig
from training.trainer.tuned import Tuned


class Whole:
    """What the loop does with gradients. Checkpoints hold whole tensors under the same names in every placement, so
    a run can go on with another one or with other processes (marked inexact)."""

    def __init__(self, tuned: Tuned, config: TrainConfig, ranks: Ranks) -> None:
        self.tuned, self.config, self.ranks = tuned, config, ranks
        self.named = tuned.trained()
        self.parameters = list(self.named.values())
        self.optimizer = make_optimizer(self.named, config)
        self.scaler = torch.amp.GradScaler(tuned.device.type, enabled=config.precision == "fp16")

    def forget_gradients(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)

    def backward(self, loss: Tensor, *, last: bool) -> None:
        """`last` says that no further pass of this step follows."""
        self.scaler.scale(loss).backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped

    def step(self, rate: float) -> float:
        """One optimizer step with summed, clipped gradients; returns their norm before clipping. A norm that is not
        finite moves nothing."""
        self.ranks.sum_gradients(self.parameters)
        self.scaler.unscale_(self.optimizer)
        norm = self._clip()
        self._set_rate(rate)
        if self.scaler.is_enabled() or norm - norm == 0:
            self.scaler.step(self.optimizer)
            self.scaler.update()
        return norm

    def weights(self) -> Mapping[str, Tensor]:
        """Every process takes part; only what the first one gets is used."""
        return {name: p.detach() for name, p in self.named.items()}

    def state(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer.state_dict(), "scaler": self.scaler.state_dict()}

    def write_parts(self, folder: Path) -> bool:
        """For what each process writes by itself; whether it wrote anything."""
        return False

    def load(self, checkpoint: Checkpoint) -> dict[str, Any]:
        """Returns what was saved beside weights and optimizer."""
        load_weights(checkpoint, self.named)
        saved: dict[str, Any] = load_optimizer(checkpoint)
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        return saved

    def _clip(self) -> float:
        return float(torch.nn.utils.clip_grad_norm_(self.parameters, self.config.max_grad_norm or float("inf")))

    def _set_rate(self, rate: float) -> None:
        for group in self.optimizer.param_groups:
            group["lr"] = rate


class Root(torch.nn.Module):
    """One call for a whole pass: what lies in shards is gathered where the call goes into a module."""

    def __init__(self, tuned: Tuned) -> None:
        super().__init__()
        self.model = tuned.model
        self._loss = tuned.own_loss

    def forward(self, batch: Any, smoothing: float) -> tuple[Tensor, Tensor]:
        return self._loss(batch, smoothing=smoothing)
