"""A Llama decoder with LoRA by hand, for CPUs: the same mathematics with fewer passes over memory and fewer calls.

Matrices that share an input are run together with their low-rank updates; keys and values are not repeated for grouped
queries; attention skips what lies ahead, block by block; the backward pass reuses its buffers.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

KINDS = ("llama", "mistral", "qwen2")
BLOCK = 128
"""Queries of one row that are taken together; keys ahead of the block are skipped."""


@dataclass(frozen=True)
class Matrix:
    """out = x·Wᵀ + b + scale·(x·Aᵀ)·Bᵀ"""

    weight: Tensor
    bias: Tensor | None
    a: Tensor | None
    b: Tensor | None
    scale: float

    @classmethod
    def of(cls, module: Any) -> "Matrix | None":
        """None for what is neither a plain linear layer nor one with plain LoRA."""
        if type(module) is torch.nn.Linear:
            return cls(module.weight, module.bias, None, None, 0.0)
        from peft.tuners.lora import Linear

        if type(module) is not Linear or type(module.base_layer) is not torch.nn.Linear:
            return None
        (name, *others), base = module.active_adapters, module.base_layer
        if others or module.use_dora.get(name) or not isinstance(module.lora_dropout[name], torch.nn.Identity):
            return None
        a, b = module.lora_A[name].weight, module.lora_B[name].weight
        return cls(base.weight, base.bias, a, b, module.scaling[name])

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        return self.weight, self.bias, self.a, self.b


@dataclass(frozen=True)
class Layer:
    norm: Tensor
    qkv: tuple[Matrix, Matrix, Matrix]
    out: tuple[Matrix]
    second_norm: Tensor
    gate_up: tuple[Matrix, Matrix]
    down: tuple[Matrix]


class FusedDecoder:
    def __init__(self, core: Any, layers: Sequence[Layer]) -> None:
        self.decoder, self.layers = core.get_decoder(), layers
        config = core.config
        self.eps = config.rms_norm_eps
        self.groups = config.num_attention_heads // config.num_key_value_heads
        self.width = layers[0].qkv[0].weight.shape[0] // config.num_attention_heads

    @classmethod
    def of(cls, core: Any) -> "FusedDecoder | None":
        """None where the model, its device or its adapters are not what this is written for."""
        config = core.config
        plain = config.model_type in KINDS and config.hidden_act == "silu" and not config.attention_dropout
        if not plain or core.device.type != "cpu" or core.is_activation_checkpointing:
            return None
        if core.dtype not in (torch.float32, torch.float64):
            return None
        if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
            return None
        layers = [_layer(layer) for layer in core.get_decoder().layers]
        return cls(core, [layer for layer in layers if layer]) if all(layers) else None

    def states(self, input_ids: Tensor, position_ids: Tensor, row_lengths: Sequence[int], keep: Tensor) -> Tensor:
        """Normed last hidden states of the kept places; ids and positions are (1, tokens)."""
        hidden = self.decoder.embed_tokens(input_ids[0])
        cos, sin = (table[0, :, : self.width // 2] for table in self.decoder.rotary_emb(hidden, position_ids))
        for layer in self.layers:
            q, k, v = linears(_norm(hidden, layer.norm, self.eps), layer.qkv)
            seen = apply(_Attention, q, k, v, cos, sin, tuple(row_lengths), self.groups, self.width)
            hidden = hidden + linears(seen, layer.out)[0]
            normed = _norm(hidden, layer.second_norm, self.eps)
            gate, up = linears(normed, layer.gate_up)
            hidden = hidden + linears(apply(_SwiGlu, gate, up), layer.down)[0]
        return _norm(hidden.index_select(0, keep), self.decoder.norm.weight, self.eps)


def _layer(layer: Any) -> Layer | None:
    attention, mlp = layer.self_attn, layer.mlp
    names = ("q_proj", "k_proj", "v_proj", "o_proj")
    found = [Matrix.of(getattr(attention, name)) for name in names]
    found += [Matrix.of(getattr(mlp, name)) for name in ("gate_proj", "up_proj", "down_proj")]
    matrices = [matrix for matrix in found if matrix]
    if len(matrices) < len(found) or hasattr(attention, "q_norm"):
        return None
    q, k, v, out, gate, up, down = matrices
    norms = layer.input_layernorm.weight, layer.post_attention_layernorm.weight
    return Layer(norms[0], (q, k, v), (out,), norms[1], (gate, up), (down,))


def apply(function: type[torch.autograd.Function], *arguments: Any) -> Any:
    run: Any = function.apply
    return run(*arguments)


def linears(x: Tensor, matrices: Sequence[Matrix]) -> tuple[Tensor, ...]:
    scales = tuple(matrix.scale for matrix in matrices)
    outs: tuple[Tensor, ...] = apply(_Linears, x, scales, *(t for matrix in matrices for t in matrix.tensors))
    return outs


def _norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    normed: Tensor = apply(_RmsNorm, x, weight, eps)
    return normed


class _Linears(torch.autograd.Function):
    """x is (tokens, width); for each matrix weight, bias, A and B, where bias, A and B may be None."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scales: tuple[float, ...], *tensors: Tensor | None) -> tuple[Tensor, ...]:
        parts = [tensors[i : i + 4] for i in range(0, len(tensors), 4)]
        low = [a for _, _, a, _ in parts if a is not None]
        downs = torch.cat(low) if len(low) > 1 else low[0] if low else None
        inner = x @ downs.t() if downs is not None else None
        outs, at = [], 0
        for (weight, bias, a, b), scale in zip(parts, scales, strict=True):
            assert weight is not None
            out = x @ weight.t() if bias is None else torch.addmm(bias, x, weight.t())
            if a is not None and b is not None and inner is not None:
                out.addmm_(inner[:, at : at + len(a)], b.t(), alpha=scale)
                at += len(a)
            outs.append(out)
        ctx.save_for_backward(x, inner, downs, *tensors)
        ctx.scales = scales
        return tuple(outs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Any, ...]:
        x, inner, downs, *tensors = ctx.saved_tensors
        parts = [tensors[i : i + 4] for i in range(0, len(tensors), 4)]
        needs = [ctx.needs_input_grad[i : i + 4] for i in range(2, len(ctx.needs_input_grad), 4)]
        inner_grad: Any = torch.empty_like(inner) if inner is not None else None
        x_grad: Any = None
        found, at = [], 0
        for (weight, bias, a, b), scale, need, grad in zip(parts, ctx.scales, needs, grads, strict=True):
            if ctx.needs_input_grad[0]:
                x_grad = grad @ weight if x_grad is None else x_grad.addmm_(grad, weight)
            b_grad = None
            if a is not None:
                piece = slice(at, at + len(a))
                torch.mm(grad, b, out=inner_grad[:, piece])
                b_grad = torch.mm(grad.t(), inner[:, piece]).mul_(scale)
                inner_grad[:, piece].mul_(scale)
                at += len(a)
            found.append(
                (grad.t() @ x if need[0] else None, grad.sum(0) if bias is not None and need[1] else None, b_grad)
            )
        downs_grad = inner_grad.t() @ x if inner_grad is not None else None
        if x_grad is not None and inner_grad is not None:
            x_grad.addmm_(inner_grad, downs)
        return (x_grad, None, *_in_order(parts, found, downs_grad))


def _in_order(parts: Sequence[Any], found: Sequence[Any], downs_grad: Tensor | None) -> list[Tensor | None]:
    ordered: list[Tensor | None] = []
    at = 0
    for (_, _, a, _), (weight_grad, bias_grad, b_grad) in zip(parts, found, strict=True):
        a_grad = None
        if a is not None and downs_grad is not None:
            a_grad = downs_grad[at : at + len(a)]
            at += len(a)
        ordered += [weight_grad, bias_grad, a_grad, b_grad]
    return ordered


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, eps: float) -> Tensor:
        scale = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1]).add_(eps).rsqrt_()
        ctx.save_for_backward(x, weight, scale)
        normed: Tensor = (x * scale).mul_(weight)
        return normed

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        x, weight, scale = ctx.saved_tensors
        weight_grad = (grad * x).mul_(scale).sum(0) if ctx.needs_input_grad[1] else None
        if not ctx.needs_input_grad[0]:
            return None, weight_grad, None
        moved = grad * weight
        pull = torch.linalg.vecdot(moved, x).unsqueeze_(-1).mul_(scale**3).div_(-x.shape[-1])
        return moved.mul_(scale).addcmul_(x, pull), weight_grad, None


class _SwiGlu(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return torch.nn.functional.silu(gate).mul_(up)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        gate, up = ctx.saved_tensors
        up_grad = torch.nn.functional.silu(gate).mul_(grad)
        return torch.ops.aten.silu_backward(grad * up, gate), up_grad


class _Attention(torch.autograd.Function):
    """Rotary positions and causal attention within each row; q, k, v are (tokens, heads * width)."""

    @staticmethod
    def forward(  # noqa: PLR0917  # torch passes them by place
        ctx: Any, q: Tensor, k: Tensor, v: Tensor, cos: Tensor, sin: Tensor, lengths: tuple[int, ...], *shape: int
    ) -> Tensor:
        groups, width = shape
        scale = width**-0.5
        out = torch.empty_like(q)
        saved, probabilities, at = [], [], 0
        for length in lengths:
            part = slice(at, at + length)
            at += length
            turned = _turn(_heads(q[part], groups, width), cos[part] * scale, sin[part] * scale, groups)
            keys = _turn(_heads(k[part], 1, width), cos[part], sin[part], 1)
            values = _heads(v[part], 1, width).contiguous().squeeze(2)
            answer, shares = _attend(turned, keys, values, groups)
            out[part].view(length, -1, groups, width).copy_(answer.view(-1, length, groups, width).transpose(0, 1))
            saved += [turned, keys, values]
            probabilities += shares
        ctx.save_for_backward(cos, sin, *saved, *probabilities)
        ctx.plan = lengths, groups, width
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        lengths, groups, width = ctx.plan
        cos, sin, *saved = ctx.saved_tensors
        rows, shares = saved[: 3 * len(lengths)], saved[3 * len(lengths) :]
        scale = width**-0.5
        heads = grad.shape[1] // width // groups
        q_grad = torch.empty_like(grad)
        k_grad, v_grad = (grad.new_empty(len(grad), heads * width) for _ in range(2))
        at = 0
        for i, length in enumerate(lengths):
            part = slice(at, at + length)
            at += length
            blocks = -(-length // BLOCK)
            own, shares = shares[:blocks], shares[blocks:]
            answer = _heads(grad[part], groups, width).contiguous()
            turned, keys, values = _attend_back(answer, rows[3 * i : 3 * i + 3], own, groups)
            _turn_back(turned, cos[part] * scale, sin[part] * scale, _heads(q_grad[part], groups, width), groups)
            _turn_back(keys, cos[part], sin[part], _heads(k_grad[part], 1, width), 1)
            _heads(v_grad[part], 1, width).copy_(values.view(heads, length, 1, width))
        return q_grad, k_grad, v_grad, *(None,) * 5


def _heads(x: Tensor, groups: int, width: int) -> Tensor:
    """(tokens, heads * width) seen as (key heads, tokens, queries of a key, width)."""
    return x.view(len(x), -1, groups, width).transpose(0, 1)


def _turn(x: Tensor, cos: Tensor, sin: Tensor, groups: int) -> Tensor:
    """Rotary positions, laid out as (key heads, tokens * queries, width)."""
    heads, length, _, width = x.shape
    half = width // 2
    out = x.new_empty(heads, length, groups, width)
    cos, sin = cos[:, None], sin[:, None]
    torch.mul(x[..., :half], cos, out=out[..., :half]).addcmul_(x[..., half:], sin, value=-1)
    torch.mul(x[..., half:], cos, out=out[..., half:]).addcmul_(x[..., :half], sin)
    return out.view(heads, length * groups, width)


def _turn_back(grad: Tensor, cos: Tensor, sin: Tensor, out: Tensor, groups: int) -> None:
    heads, length, _, width = out.shape
    half = width // 2
    grad = grad.view(heads, length, groups, width)
    cos, sin = cos[:, None], sin[:, None]
    torch.mul(grad[..., :half], cos, out=out[..., :half]).addcmul_(grad[..., half:], sin)
    torch.mul(grad[..., half:], cos, out=out[..., half:]).addcmul_(grad[..., :half], sin, value=-1)


def _attend(q: Tensor, k: Tensor, v: Tensor, groups: int) -> tuple[Tensor, list[Tensor]]:
    out, shares = torch.empty_like(q), []
    for first, last in _blocks(k.shape[1]):
        scores = torch.bmm(q[:, first * groups : last * groups], k[:, :last].transpose(1, 2))
        scores[:, :, first:].add_(_ahead(last - first, groups, q.dtype))
        share = scores.softmax(-1)
        torch.bmm(share, v[:, :last], out=out[:, first * groups : last * groups])
        shares.append(share)
    return out, shares


def _attend_back(
    grad: Tensor, row: Sequence[Tensor], shares: Sequence[Tensor], groups: int
) -> tuple[Tensor, Tensor, Tensor]:
    q, k, v = row
    grad = grad.view(q.shape)
    q_grad, k_grad, v_grad = torch.empty_like(q), torch.zeros_like(k), torch.zeros_like(v)
    for (first, last), share in zip(_blocks(k.shape[1]), shares, strict=True):
        part = slice(first * groups, last * groups)
        v_grad[:, :last].baddbmm_(share.transpose(1, 2), grad[:, part])
        score_grad = torch.bmm(grad[:, part], v[:, :last].transpose(1, 2))
        score_grad = torch._softmax_backward_data(score_grad, share, -1, share.dtype)
        torch.bmm(score_grad, k[:, :last], out=q_grad[:, part])
        k_grad[:, :last].baddbmm_(score_grad.transpose(1, 2), q[:, part])
    return q_grad, k_grad, v_grad


def _blocks(length: int) -> list[tuple[int, int]]:
    return [(first, min(first + BLOCK, length)) for first in range(0, length, BLOCK)]


def _ahead(length: int, groups: int, kind: torch.dtype) -> Tensor:
    """-inf where a key lies ahead of its query, for the square on the diagonal."""
    queries = torch.arange(length).repeat_interleave(groups)
    return torch.zeros(length * groups, length, dtype=kind).masked_fill_(
        torch.arange(length) > queries[:, None], float("-inf")
    )
