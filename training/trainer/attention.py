"""Attention over several rows laid end to end without padding: each row sees itself only."""

from collections.abc import Sequence
from typing import Any

from training.trainer.kernels import flash_attention, flash_serves

NAME = "sftlab_rows"


def register() -> None:
    """Makes the attention known to transformers; without a mask function of its own, no mask is built."""
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, rows_attention)


def supports_rows(model: Any) -> bool:
    """Whether every layer of the model takes its attention from transformers' registry and needs nothing else."""
    config = model.config.get_text_config()
    plain = not getattr(config, "attn_logit_softcapping", None) and not _recurrent(config)
    return bool(plain and getattr(model, "_supports_attention_backend", False))


def _recurrent(config: Any) -> bool:
    kinds = set(getattr(config, "layer_types", None) or ())
    return bool(kinds - {"full_attention", "sliding_attention"}) or "mamba" in config.model_type


def rows_attention(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    *,
    row_lengths: Sequence[int],
    scaling: float | None = None,
    dropout: float = 0.0,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Any, None]:
    """Shapes (1, heads, tokens, width); the answer is (1, tokens, heads, width)."""
    import torch
    from torch.nn.functional import scaled_dot_product_attention as attend

    if not dropout and flash_serves(query.device.type, query.dtype, query.shape[-1]):
        q, k, v = (tensor[0].transpose(0, 1) for tensor in (query, key, value))
        return flash_attention(q, k, v, row_lengths, scale=scaling, window=sliding_window)[None], None
    groups = query.shape[1] // key.shape[1]
    if groups > 1:
        key, value = key.repeat_interleave(groups, dim=1), value.repeat_interleave(groups, dim=1)
    answers = []
    parts = (tensor.split(list(row_lengths), dim=2) for tensor in (query, key, value))
    for q, k, v in zip(*parts, strict=True):
        mask = _band(q.shape[2], sliding_window, q.device)
        answers.append(attend(q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scaling))
    return torch.cat(answers, dim=2).transpose(1, 2), None


def _band(length: int, window: int | None, device: Any) -> Any:
    import torch

    if window is None or length <= window:
        return None
    at = torch.arange(length, device=device)
    apart = at[:, None] - at[None, :]
    return (apart >= 0) & (apart < window)
