"""A Llama decoder with LoRA by hand: the same mathematics with fewer passes over memory and fewer calls.

Matrices that share an input are run together with their low-rank updates, in the precision of the pass; attention is
`cpu_attention` in full precision on CPUs, and FlashAttention in half precision on GPUs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from training.trainer.cpu_attention import CpuAttention
from training.trainer.kernels import flash_attention, flash_serves, gated
from training.trainer.rotary import Rotary

KINDS = ("llama", "mistral", "qwen2")


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
        self.decoder, self.layers, self.device = core.get_decoder(), layers, core.device.type
        config = core.config
        self.eps = config.rms_norm_eps
        self.groups = config.num_attention_heads // config.num_key_value_heads
        self.width = layers[0].qkv[0].weight.shape[0] // config.num_attention_heads

    @classmethod
    def of(cls, core: Any) -> "FusedDecoder | None":
        """None where the model or its adapters are not what this is written for."""
        config = core.config
        plain = config.model_type in KINDS and config.hidden_act == "silu" and not config.attention_dropout
        if not plain or core.is_activation_checkpointing:
            return None
        if getattr(config, "sliding_window", None) and getattr(config, "use_sliding_window", True):
            return None
        layers = [_layer(layer) for layer in core.get_decoder().layers]
        return cls(core, [layer for layer in layers if layer]) if all(layers) else None

    def serves(self, kind: torch.dtype) -> bool:
        """Whether passes in this precision are its work, where the model lies."""
        if self.device == "cpu":
            return kind in (torch.float32, torch.float64)
        return flash_serves(self.device, kind, self.width)

    def states(
        self, input_ids: Tensor, position_ids: Tensor, row_lengths: Sequence[int], keep: Tensor, kind: torch.dtype
    ) -> Tensor:
        """Normed last hidden states of the kept places; ids and positions are (1, tokens)."""
        hidden = self.decoder.embed_tokens(input_ids[0])
        tables = self.decoder.rotary_emb(hidden, position_ids)
        cos, sin = (table[0, :, : self.width // 2].to(kind) for table in tables)
        for layer in self.layers:
            q, k, v = linears(self._norm(hidden, layer.norm, kind), layer.qkv)
            hidden = hidden + linears(self._attend((q, k, v), cos, sin, tuple(row_lengths)), layer.out)[0]
            gate, up = linears(self._norm(hidden, layer.second_norm, kind), layer.gate_up)
            product = apply(_SwiGlu, gate, up) if self.device == "cpu" else gated(gate, up)
            hidden = hidden + linears(product, layer.down)[0]
        return self._norm(hidden.index_select(0, keep), self.decoder.norm.weight, kind)

    def _norm(self, x: Tensor, weight: Tensor, kind: torch.dtype) -> Tensor:
        if self.device == "cpu":
            normed: Tensor = apply(_RmsNorm, x, weight, self.eps)
            return normed
        return torch.nn.functional.rms_norm(x, weight.shape, weight, self.eps).to(kind)

    def _attend(self, qkv: Sequence[Tensor], cos: Tensor, sin: Tensor, lengths: tuple[int, ...]) -> Tensor:
        """Queries, keys and values are (tokens, heads * width)."""
        if self.device == "cpu":
            seen: Tensor = apply(CpuAttention, *qkv, cos, sin, lengths, self.groups, self.width)
            return seen
        q, k, v = (x.view(len(x), -1, self.width) for x in qkv)
        q, k = (apply(Rotary, x, cos[:, None], sin[:, None]) for x in (q, k))
        answer: Tensor = flash_attention(q, k, v, lengths).flatten(1)
        return answer


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


class _Linears(torch.autograd.Function):
    """x is (tokens, width); for each matrix weight, bias, A and B, where bias, A and B may be None. Works in the
    precision of x, whatever that of the matrices is."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scales: tuple[float, ...], *tensors: Tensor | None) -> tuple[Tensor, ...]:
        parts = [tensors[i : i + 4] for i in range(0, len(tensors), 4)]
        low = [a for _, _, a, _ in parts if a is not None]
        kind = x.dtype
        downs = (torch.cat(low) if len(low) > 1 else low[0]).to(kind) if low else None
        inner = x @ downs.t() if downs is not None else None
        outs, at = [], 0
        for (weight, bias, a, b), scale in zip(parts, scales, strict=True):
            assert weight is not None
            matrix = weight.to(kind).t()
            out = x @ matrix if bias is None else torch.addmm(bias.to(kind), x, matrix)
            if a is not None and b is not None and inner is not None:
                out.addmm_(inner[:, at : at + len(a)], b.to(kind).t(), alpha=scale)
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
        kind = x.dtype
        found, at = [], 0
        for (weight, bias, a, b), scale, need, grad in zip(parts, ctx.scales, needs, grads, strict=True):
            if ctx.needs_input_grad[0]:
                matrix = weight.to(kind)
                x_grad = grad @ matrix if x_grad is None else x_grad.addmm_(grad, matrix)
            b_grad = None
            if a is not None:
                piece = slice(at, at + len(a))
                torch.mm(grad, b.to(kind), out=inner_grad[:, piece])
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
