"""Rotary positions and causal attention by hand, for CPUs: keys and values are not repeated for grouped queries, what
lies ahead is skipped block by block, and the backward pass reuses its buffers."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from training.trainer.rotary import rotate

BLOCK = 128
"""Queries of one row that are taken together; keys ahead of the block are skipped."""


class CpuAttention(torch.autograd.Function):
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
    out = x.new_empty(heads, length, groups, width)
    rotate(x, cos[:, None], sin[:, None], out)
    return out.view(heads, length * groups, width)


def _turn_back(grad: Tensor, cos: Tensor, sin: Tensor, out: Tensor, groups: int) -> None:
    heads, length, _, width = out.shape
    rotate(grad.view(heads, length, groups, width), cos[:, None], sin[:, None], out, back=True)


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
