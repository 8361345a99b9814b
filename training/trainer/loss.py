"""Cross-entropy of supervised positions without ever holding their logits: each chunk's gradient is taken at once."""

from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES = 32 * 2**20


def token_loss(
    hidden: Tensor, head: Any, targets: Tensor, weights: Tensor | None, *, smoothing: float = 0.0, softcap: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The weighted sum of losses over the positions, and each position's plain negative log-likelihood.

    `hidden` is (positions, width). Smoothing changes the sum only.
    """
    if type(head) is not torch.nn.Linear or head.weight.dtype not in (torch.float32, torch.float64):
        return _plain(hidden, head, targets, weights, smoothing=smoothing, softcap=softcap)
    run: Any = _Projected.apply
    total, nll = run(hidden, head.weight, head.bias, targets, weights, smoothing, softcap)
    return total, nll


def _chunk(vocabulary: int, size: int) -> int:
    return max(1, CHUNK_BYTES // (vocabulary * size))


class _Projected(torch.autograd.Function):
    """Forward work 2·S·V·d, the gradient of the hidden states another 2·S·V·d, of a trained head 2·S·V·d more."""

    @staticmethod
    def forward(  # noqa: PLR0917  # torch passes them by place
        ctx: Any,
        hidden: Tensor,
        weight: Tensor,
        bias: Tensor | None,
        targets: Tensor,
        weights: Tensor | None,
        smoothing: float,
        softcap: float,
    ) -> tuple[Tensor, Tensor]:
        needs = ctx.needs_input_grad[:3]
        hidden_grad = torch.empty_like(hidden, dtype=weight.dtype) if needs[0] else None
        weight_grad = torch.zeros_like(weight) if needs[1] else None
        bias_grad = torch.zeros_like(bias) if bias is not None and needs[2] else None
        nll = hidden.new_empty(len(hidden), dtype=weight.dtype)
        extra = hidden.new_zeros(len(hidden), dtype=weight.dtype) if smoothing else None
        size = _chunk(weight.shape[0], weight.element_size())
        for start in range(0, len(hidden), size):
            part = slice(start, start + size)
            states = hidden[part].to(weight.dtype)
            logits = torch.nn.functional.linear(states, weight, bias)
            if softcap:
                logits = softcap * torch.tanh(logits / softcap)
            slope = 1 - (logits / softcap) ** 2 if softcap and any(needs) else None
            goal = targets[part, None]
            top = logits.amax(-1, keepdim=True)
            mean = logits.mean(-1) if smoothing else None
            chosen = logits.gather(1, goal)
            grads = logits.sub_(top).exp_()
            mass = grads.sum(-1, keepdim=True)
            log_mass = mass.log().add_(top)
            nll[part] = (log_mass - chosen).squeeze(1)
            if extra is not None and mean is not None:
                extra[part] = log_mass.squeeze(1) - mean
            if not any(needs):
                continue
            scale = 1.0 if weights is None else weights[part, None].to(weight.dtype)
            grads.mul_(scale / mass)
            if smoothing:
                grads.sub_(scale * (smoothing / weight.shape[0]))
            grads.scatter_add_(1, goal, torch.full_like(chosen, -(1 - smoothing)) * scale)
            if slope is not None:
                grads.mul_(slope)
            if hidden_grad is not None:
                torch.mm(grads, weight, out=hidden_grad[part])
            if weight_grad is not None:
                weight_grad.addmm_(grads.T, states)
            if bias_grad is not None:
                bias_grad.add_(grads.sum(0))
        ctx.grads = hidden_grad, weight_grad, bias_grad
        ctx.kind = hidden.dtype
        ctx.mark_non_differentiable(nll)
        losses = nll if extra is None else (1 - smoothing) * nll + smoothing * extra
        return (losses if weights is None else losses * weights.to(losses.dtype)).sum(), nll

    @staticmethod
    def backward(ctx: Any, total_grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        grads = [grad if grad is None else grad.mul_(total_grad) for grad in ctx.grads]
        if grads[0] is not None:
            grads[0] = grads[0].to(ctx.kind)
        ctx.grads = ()
        return (*grads, None, None, None, None)


def _plain(
    hidden: Tensor, head: Any, targets: Tensor, weights: Tensor | None, *, smoothing: float, softcap: float
) -> tuple[Tensor, Tensor]:
    """For heads that are no plain matrix in full precision: the same by automatic differentiation, chunk by chunk."""
    from torch.utils.checkpoint import checkpoint

    total, nlls = hidden.new_zeros((), dtype=torch.float32), []
    vocabulary = getattr(head, "out_features", 1 << 16)
    for at in range(0, len(hidden), size := _chunk(vocabulary, 4)):
        part = slice(at, at + size)
        losses, nll = checkpoint(_losses, hidden[part], head, targets[part], smoothing, softcap, use_reentrant=False)
        total = total + (losses if weights is None else losses * weights[part].to(losses.dtype)).sum()
        nlls.append(nll.detach())
    return total, torch.cat(nlls)


def _losses(hidden: Tensor, head: Any, targets: Tensor, smoothing: float, softcap: float) -> tuple[Tensor, Tensor]:
    logits = head(hidden).float()
    if softcap:
        logits = softcap * torch.tanh(logits / softcap)
    logs = logits.log_softmax(-1)
    nll = -logs.gather(1, targets[:, None]).squeeze(1)
    return (1 - smoothing) * nll - smoothing * logs.mean(-1), nll
