"""Rotary positions, for numbers that lie in any order."""

from typing import Any

import torch
from torch import Tensor


def rotate(x: Tensor, cos: Tensor, sin: Tensor, out: Tensor, *, back: bool = False) -> None:
    """Turns each pair (i, i + width / 2) of the last axis by its angle; `cos` and `sin` have half that width."""
    half, way = x.shape[-1] // 2, -1 if back else 1
    torch.mul(x[..., :half], cos, out=out[..., :half]).addcmul_(x[..., half:], sin, value=-way)
    torch.mul(x[..., half:], cos, out=out[..., half:]).addcmul_(x[..., :half], sin, value=way)


class Rotary(torch.autograd.Function):
    """x is (tokens, heads, width), cos and sin are (tokens, 1, width / 2)."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        ctx.save_for_backward(cos, sin)
        out = torch.empty_like(x)
        rotate(x, cos, sin, out)
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:
        (cos, sin), out = ctx.saved_tensors, torch.empty_like(grad)
        rotate(grad, cos, sin, out, back=True)
        return out, None, None
