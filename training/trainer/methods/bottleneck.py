"""The adapter of Houlsby et al. 2019, which peft no longer has: after attention and after feed-forward."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.trainer.errors import TrainerError
from training.trainer.methods import options as opts
from training.trainer.tuned import Tuned

if TYPE_CHECKING:
    from training.trainer.methods.build import Setting

CONFIG = "bottleneck_config.json"
WEIGHTS = "bottleneck_model.safetensors"
LAST_LAYERS = ("o_proj", "down_proj", "out_proj", "fc2", "dense_4h_to_h", "attention.dense")


class Adapted(nn.Module):
    """A sub-layer's last matrix, then x + up(act(down(x))); starts as the identity, since `up` starts at zero."""

    def __init__(self, inner: Any, options: opts.Bottleneck) -> None:
        super().__init__()
        width, like = inner.out_features, next(inner.parameters())
        kind = like.dtype if like.is_floating_point() else torch.float32
        self.inner = inner
        self.down = nn.Linear(width, options.size, device=like.device, dtype=kind)
        self.up = nn.Linear(options.size, width, device=like.device, dtype=kind)
        self.act = getattr(functional, options.activation)
        self.dropout = nn.Dropout(options.dropout)
        nn.init.normal_(self.down.weight, std=0.01)
        for tensor in (self.down.bias, self.up.weight, self.up.bias):
            nn.init.zeros_(tensor)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.inner(x)
        change: Tensor = self.up(self.dropout(self.act(self.down(out))))
        return out + change


class Bottleneck(Tuned):
    def save(self, folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(parents=True, exist_ok=True)
        (folder / CONFIG).write_text(json.dumps(asdict(self.options)))
        save_file({name: p.detach().contiguous() for name, p in self.trained().items()}, folder / WEIGHTS)


def build(base: Any, options: opts.Bottleneck, setting: "Setting | None" = None) -> Tuned:
    chosen = [name for name, _ in base.named_modules() if name.endswith(LAST_LAYERS)]
    if not chosen:
        kind = base.config.model_type
        raise TrainerError("unknown_layers", f"No layers for a bottleneck adapter are known in {kind}.")
    for name in chosen:
        parent, _, last = name.rpartition(".")
        setattr(base.get_submodule(parent), last, Adapted(base.get_submodule(name), options))
    return Bottleneck(model=base, core=base, options=options)


def load(base: Any, folder: Path) -> Tuned:
    from safetensors.torch import load_file

    base.requires_grad_(False)
    tuned = build(base, opts.Bottleneck(**json.loads((folder / CONFIG).read_text())))
    weights = load_file(folder / WEIGHTS)
    parameters = dict(base.named_parameters())
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)
    return tuned
