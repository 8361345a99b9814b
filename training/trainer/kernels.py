"""Kernels of other packages, used where they are installed and a GPU is there; the result says which were."""

from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

from training.trainer.spec import TrainConfig

FLASH_WIDTH = 256
"""Widest head that FlashAttention 2 has."""


@cache
def installed(package: str) -> bool:
    return find_spec(package) is not None


def flash_serves(device: str, kind: str, width: int) -> bool:
    """`kind` is the name of the numbers that go into the attention."""
    return device == "cuda" and kind in ("bfloat16", "float16") and width <= FLASH_WIDTH and installed("flash_attn")


def flash_attention(
    query: Any, key: Any, value: Any, row_lengths: Sequence[int], *, scale: float | None, window: int | None
) -> Any:
    """Rows laid end to end, in one call; shapes (1, heads, tokens, width) to (1, tokens, heads, width)."""
    import torch
    from flash_attn import flash_attn_varlen_func

    lengths = torch.tensor([0, *row_lengths], device=query.device)
    ends = lengths.cumsum(0, dtype=torch.int32)
    q, k, v = (tensor[0].transpose(0, 1).contiguous() for tensor in (query, key, value))
    seen: Any = flash_attn_varlen_func(
        q,
        k,
        v,
        cu_seqlens_q=ends,
        cu_seqlens_k=ends,
        max_seqlen_q=max(row_lengths),
        max_seqlen_k=max(row_lengths),
        softmax_scale=scale,
        causal=True,
        window_size=(-1, -1) if window is None else (window - 1, 0),
        deterministic=True,
    )
    return seen[None]


def liger_serves(core: Any, device: str, config: TrainConfig) -> bool:
    if device != "cuda" or config.precision == "fp64" or not installed("liger_kernel"):
        return False
    from liger_kernel.transformers.monkey_patch import MODEL_TYPE_TO_APPLY_LIGER_FN

    return core.config.model_type in MODEL_TYPE_TO_APPLY_LIGER_FN


def apply_liger(core: Any, device: str, config: TrainConfig) -> None:
    """Norms, rotary positions and the gated feed-forward part; the loss stays ours, which scores learnt places only."""
    if liger_serves(core, device, config):
        from liger_kernel.transformers import _apply_liger_kernel_to_instance

        _apply_liger_kernel_to_instance(model=core, cross_entropy=False, fused_linear_cross_entropy=False)


def used(tuned: Any, device: str, config: TrainConfig) -> list[str]:
    """For the result: how the passes of this run were computed."""
    in_rows = tuned.packs() and config.packing != "off"
    if in_rows and tuned.fuses() and config.precision in ("fp32", "fp64"):
        return ["fused-cpu"]
    kinds = {"bf16": "bfloat16", "fp16": "float16"}
    text = tuned.core.config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    flash = in_rows and flash_serves(device, kinds.get(config.precision, "float32"), width)
    attention = "flash-attention" if flash else tuned.usual_attention
    return [attention, *(["liger"] if liger_serves(tuned.core, device, config) else [])]
