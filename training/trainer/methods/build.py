"""One way from a base model and a method's options to a model that can be trained."""

from collections.abc import Callable
from typing import Any

from training.trainer.methods import bottleneck, peft_methods
from training.trainer.methods.options import METHODS, Options
from training.trainer.tuned import Tuned

Builder = Callable[[Any, Any, "Setting"], Tuned]


class Setting:
    """What a method may need to know beside its options."""

    def __init__(self, *, steps: int, tokenizer: Any, seed: int) -> None:
        self.steps, self.tokenizer, self.seed = steps, tokenizer, seed


def build_model(base: Any, name: str, options: Options, setting: Setting) -> Tuned:
    """Starts from the same weights for the same seed. Everything but the method's own parameters is frozen."""
    import torch

    torch.manual_seed(setting.seed)
    base.requires_grad_(False)
    return BUILDERS[name](base, options, setting)


def _full(base: Any, options: Options, setting: Setting) -> Tuned:
    base.requires_grad_(True)
    return Tuned(model=base, core=base, options=options)


BUILDERS: dict[str, Builder] = {
    "full": _full,
    "lora": peft_methods.lora,
    "rslora": peft_methods.lora,
    "dora": peft_methods.lora,
    "qlora": peft_methods.lora,
    "adalora": peft_methods.adalora,
    "prefix": peft_methods.prefix,
    "ptuning_v2": peft_methods.prefix,
    "ptuning": peft_methods.ptuning,
    "prompt": peft_methods.prompt,
    "ia3": peft_methods.ia3,
    "bottleneck": bottleneck.build,
}
assert BUILDERS.keys() == METHODS.keys()
