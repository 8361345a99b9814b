"""AdamW; only matrices decay."""

from collections.abc import Mapping
from typing import Any

from training.trainer.spec import TrainConfig


def make_optimizer(named: Mapping[str, Any], config: TrainConfig) -> Any:
    import torch

    decayed = [p for p in named.values() if p.ndim > 1]
    plain = [p for p in named.values() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=0.0,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        fused=True,
    )
