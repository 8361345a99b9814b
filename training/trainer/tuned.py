"""A model with a method on it, behind the four things a loop needs: states, penalty, after a step, save."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from training.trainer import attention
from training.trainer.batch import Batch
from training.trainer.fused import FusedDecoder
from training.trainer.loss import token_loss
from training.trainer.methods.options import Options


@dataclass
class Tuned:
    """`model` generates and holds the trained parameters; `core` is the plain causal model inside."""

    model: Any
    core: Any
    options: Options
    peft: bool = False
    root: nn.Module | None = None
    """What a pass goes through where weights lie in shards; every process then makes as many passes as the others."""

    def __post_init__(self) -> None:
        found = self.core.config._attn_implementation
        self.usual_attention = "sdpa" if found == attention.NAME else found

    def trained(self) -> dict[str, nn.Parameter]:
        return {name: p for name, p in self.model.named_parameters() if p.requires_grad}

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self.core.parameters()).device
        return device

    def packs(self) -> bool:
        """Whether rows may share a pass end to end."""
        return self.options.passes == "inject" and attention.supports_rows(self.core)

    def loss(self, batch: Batch, *, smoothing: float = 0.0) -> tuple[Tensor, Tensor]:
        """Sum over the batch's targets, and each target's negative log-likelihood."""
        if self.root is not None:
            total, nll = self.root(batch, smoothing)
            return total, nll
        return self.own_loss(batch, smoothing=smoothing)

    def own_loss(self, batch: Batch, *, smoothing: float) -> tuple[Tensor, Tensor]:
        """As `loss`, on weights that are all here."""
        states = self._fused_states(batch)
        if states is None:
            states = self.states(batch).flatten(0, 1).index_select(0, batch.predict)
        softcap = getattr(self.core.config.get_text_config(), "final_logit_softcapping", None) or 0.0
        head = self.core.get_output_embeddings()
        return token_loss(states, head, batch.targets, batch.weights, smoothing=smoothing, softcap=softcap)

    def states(self, batch: Batch) -> Tensor:
        """Last hidden states (batch, tokens, width) of the text, without those of virtual tokens."""
        if self.options.passes != "inject":
            return self._with_virtual(batch)
        extra: dict[str, Any] = {}
        if batch.row_lengths is not None:
            extra = {"row_lengths": batch.row_lengths}
        self._attend_by(attention.NAME if extra else self.usual_attention)
        states: Tensor = self._decoder()(
            input_ids=batch.input_ids,
            position_ids=batch.position_ids,
            use_cache=False,
            **extra,
        ).last_hidden_state
        return states

    def _fused_states(self, batch: Batch) -> Tensor | None:
        """The states of the batch's targets by the decoder written by hand, where it fits."""
        device = self.device.type
        kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else self.core.dtype
        if self._fused is None or batch.row_lengths is None or not self.fuses(kind):
            return None
        with torch.autocast(device, enabled=False):
            return self._fused.states(batch.input_ids, batch.position_ids, batch.row_lengths, batch.predict, kind)

    @cached_property
    def _fused(self) -> FusedDecoder | None:
        return FusedDecoder.of(self.core) if self.packs() else None

    def fuses(self, kind: torch.dtype) -> bool:
        """Whether rows end to end go through the decoder written by hand, in this precision."""
        return self.root is None and self._fused is not None and self._fused.serves(kind)

    def penalty(self) -> Tensor | None:
        """A term of the loss that comes from the weights alone."""
        return None

    def after_step(self, step: int) -> None:
        """Called after each optimizer step, while its gradients are still there."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs beside the trained parameters."""
        return {}

    def load_state(self, state: dict[str, Any]) -> None:
        pass

    def save(self, folder: Path) -> None:
        self.model.save_pretrained(folder)

    def for_generation(self) -> Any:
        self._attend_by(self.usual_attention)
        return self.model.eval()

    def _decoder(self) -> Any:
        return self.core.get_decoder()

    def _attend_by(self, name: str) -> None:
        if self.core.config._attn_implementation != name:
            attention.register()
            self.core.set_attn_implementation(name)

    def _with_virtual(self, batch: Batch) -> Tensor:
        self._attend_by(self.usual_attention)
        rows = len(batch.input_ids)
        prompt = self.model.get_prompt(batch_size=rows)
        virtual = self.model.active_peft_config.num_virtual_tokens
        if self.options.passes == "prefix":
            states: Tensor = self._decoder()(
                input_ids=batch.input_ids, past_key_values=prompt, use_cache=True
            ).last_hidden_state
            return states
        embeddings = self.core.get_input_embeddings()(batch.input_ids)
        inputs = torch.cat([prompt.to(embeddings.dtype), embeddings], dim=1)
        states = self._decoder()(inputs_embeds=inputs, use_cache=False).last_hidden_state
        return states[:, virtual:]
