"""Kernels of other packages, used where they are installed and a GPU is there; the result says which were."""

from collections.abc import Sequence
from functools import cache, lru_cache
from importlib.util import find_spec
from typing import Any

from training.trainer.spec import DTYPES, TrainConfig

FLASH_WIDTH, FLASH_STEP, AMPERE = 256, 8, (8, 0)
"""FlashAttention 2 has heads up to this width, in these steps, on GPUs of this capability or newer."""


@cache
def installed(package: str) -> bool:
    return find_spec(package) is not None


def flash_serves(device: str, kind: Any, width: int) -> bool:
    """`kind` is the dtype of the numbers that go into the attention."""
    import torch

    fits = kind in (torch.bfloat16, torch.float16) and width <= FLASH_WIDTH and width % FLASH_STEP == 0
    return device == "cuda" and fits and torch.cuda.get_device_capability() >= AMPERE


def flash_attention(
    query: Any,
    key: Any,
    value: Any,
    row_lengths: Sequence[int],
    *,
    scale: float | None = None,
    window: int | None = None,
) -> Any:
    """PyTorch's own build of FlashAttention, for rows laid end to end; shapes (tokens, heads, width)."""
    from torch.nn.attention.varlen import varlen_attn

    ends, longest = _ends(tuple(row_lengths), query.device), max(row_lengths)
    before = -1 if window is None else window - 1
    return varlen_attn(
        query, key, value, ends, ends, longest, longest, scale=scale, window_size=(before, 0), enable_gqa=True
    )


@lru_cache(maxsize=4)
def _ends(row_lengths: tuple[int, ...], device: Any) -> Any:
    """Sent to the device once for all layers of a pass; in an evaluation too such that training may keep it."""
    import torch

    with torch.inference_mode(mode=False):
        return torch.tensor([0, *row_lengths]).cumsum(0, dtype=torch.int32).to(device)


def gated(gate: Any, up: Any) -> Any:
    """silu(gate) * up"""
    if installed("liger_kernel"):
        from liger_kernel.ops.swiglu import LigerSiLUMulFunction

        return LigerSiLUMulFunction.apply(gate, up)
    import torch

    return torch.nn.functional.silu(gate) * up


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
    import torch

    kind = getattr(torch, DTYPES[config.precision])
    text = tuned.core.config.get_text_config()
    width = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    in_rows = tuned.packs() and config.packing != "off"
    fused = in_rows and tuned.fuses(kind)
    flash = in_rows and flash_serves(device, kind, width)
    attention = "flash-attention" if flash else f"{device}-attention" if fused else tuned.usual_attention
    liger = liger_serves(tuned.core, device, config)
    return [*(["fused"] if fused else []), attention, *(["liger"] if liger else [])]
