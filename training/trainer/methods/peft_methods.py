"""The methods that peft implements, with what it leaves to the caller."""

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from training.trainer.methods import options as opts
from training.trainer.tuned import Tuned

if TYPE_CHECKING:
    from training.trainer.methods.build import Setting

ADAPTER = "default"


def lora(base: Any, options: opts.Lora, setting: "Setting") -> Tuned:
    from peft import LoraConfig

    return _wrap(
        base,
        options,
        LoraConfig(
            task_type="CAUSAL_LM",
            r=options.r,
            lora_alpha=options.alpha,
            lora_dropout=options.dropout,
            target_modules=_targets(options.targets),
            use_rslora=options.rslora,
            use_dora=options.dora,
        ),
    )


def ia3(base: Any, options: opts.Ia3, setting: "Setting") -> Tuned:
    from peft import IA3Config

    return _wrap(base, options, IA3Config(task_type="CAUSAL_LM", **_ia3_targets(base)))


def prefix(base: Any, options: opts.Prefix, setting: "Setting") -> Tuned:
    from peft import PrefixTuningConfig

    config = PrefixTuningConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=options.virtual_tokens,
        prefix_projection=options.projection,
        encoder_hidden_size=options.projection_size or base.config.get_text_config().hidden_size,
    )
    return _wrap(base, options, config)


def ptuning(base: Any, options: opts.PTuning, setting: "Setting") -> Tuned:
    from peft import PromptEncoderConfig

    config = PromptEncoderConfig(
        task_type="CAUSAL_LM",
        num_virtual_tokens=options.virtual_tokens,
        encoder_reparameterization_type=options.encoder.upper(),
        encoder_hidden_size=options.encoder_size,
        encoder_num_layers=2,
        encoder_dropout=0.0,
    )
    return _wrap(base, options, config)


def prompt(base: Any, options: opts.Prompt, setting: "Setting") -> Tuned:
    from peft import PromptTuningConfig

    tuned = _wrap(base, options, PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=options.virtual_tokens))
    with torch.no_grad():
        table = tuned.model.prompt_encoder[ADAPTER].embedding.weight
        table.copy_(base.get_input_embeddings().weight[_first_tokens(options, setting, base)].to(table))
    return tuned


def adalora(base: Any, options: opts.AdaLora, setting: "Setting") -> Tuned:
    from peft import AdaLoraConfig

    warmup, final = (round(share * setting.steps) for share in (options.warmup_share, options.final_share))
    config = AdaLoraConfig(
        task_type="CAUSAL_LM",
        init_r=options.init_r,
        target_r=options.target_r,
        lora_alpha=options.alpha,
        lora_dropout=options.dropout,
        target_modules=_targets(options.targets),
        orth_reg_weight=options.orth_reg_weight,
        tinit=warmup,
        tfinal=min(final, max(0, setting.steps - warmup - 1)),
        deltaT=options.every,
        total_step=max(2, setting.steps),
    )
    tuned = _wrap(base, options, config, AdaLora)
    for name, parameter in tuned.model.named_parameters():
        if ".ranknum." in name:  # a divisor; peft makes it trainable where it moves it to another device or type
            parameter.requires_grad_(requires_grad=False)
    return tuned


class AdaLora(Tuned):
    """peft neither moves the ranks by itself nor adds the orthogonality term to a loss it did not compute."""

    def penalty(self) -> Tensor | None:
        weight = self.options.orth_reg_weight  # type: ignore[attr-defined]  # always AdaLora options
        if not weight:
            return None
        terms = [_off_orthogonal(name, p) for name, p in self.trained().items() if "lora_A" in name or "lora_B" in name]
        mean: Tensor = torch.stack(terms).mean()
        return mean.mul(weight)

    def after_step(self, step: int) -> None:
        self.model.base_model.update_and_allocate(step)

    def state(self) -> dict[str, Any]:
        allocator = self.model.base_model.rankallocator
        names = ("ipt", "exp_avg_ipt", "exp_avg_unc")
        pattern = self.model.peft_config[ADAPTER].rank_pattern
        return {name: dict(getattr(allocator, name)) for name in names} | {"rank_pattern": pattern}

    def load_state(self, state: dict[str, Any]) -> None:
        self.model.peft_config[ADAPTER].rank_pattern = state["rank_pattern"]
        for name in ("ipt", "exp_avg_ipt", "exp_avg_unc"):
            on_device = {matrix: value.to(self.device) for matrix, value in state[name].items()}
            setattr(self.model.base_model.rankallocator, name, on_device)

    def ranks(self) -> dict[str, int]:
        """How many singular values of each matrix are not masked."""
        return {name: int((p != 0).sum()) for name, p in self.trained().items() if "lora_E" in name}


def _wrap(base: Any, options: opts.Options, config: Any, kind: type[Tuned] = Tuned) -> Tuned:
    from peft import get_peft_model

    return kind(model=get_peft_model(base, config), core=base, options=options, peft=True)


def _targets(names: tuple[str, ...] | None) -> list[str] | str:
    return list(names) if names else "all-linear"


def _ia3_targets(base: Any) -> dict[str, list[str]]:
    """Keys, values and the layer after the inner activation, by peft's table or by the usual names."""
    from peft.utils.constants import (
        TRANSFORMERS_MODELS_TO_IA3_FEEDFORWARD_MODULES_MAPPING as FEEDFORWARD,
    )
    from peft.utils.constants import TRANSFORMERS_MODELS_TO_IA3_TARGET_MODULES_MAPPING as TARGETS

    kind = base.config.model_type
    return {
        "target_modules": TARGETS.get(kind, ["k_proj", "v_proj", "down_proj"]),
        "feedforward_modules": FEEDFORWARD.get(kind, ["down_proj"]),
    }


def _first_tokens(options: opts.Prompt, setting: "Setting", base: Any) -> Tensor:
    """Lester et al. start from embeddings of real tokens."""
    if options.init_text:
        ids = setting.tokenizer(options.init_text, add_special_tokens=False)["input_ids"] or [0]
        return torch.tensor([ids[i % len(ids)] for i in range(options.virtual_tokens)])
    common = min(5000, base.get_input_embeddings().num_embeddings)
    return torch.randint(common, (options.virtual_tokens,))


def _off_orthogonal(name: str, matrix: Tensor) -> Tensor:
    product = matrix @ matrix.T if "lora_A" in name else matrix.T @ matrix
    eye = torch.eye(len(product), dtype=product.dtype, device=product.device)
    norm: Tensor = torch.linalg.matrix_norm(product - eye)
    return norm
