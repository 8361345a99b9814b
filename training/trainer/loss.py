"""Cross-entropy of supervised positions without ever holding their logits: each chunk's gradient is taken at once."""

from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

CHUNK_BYTES = {"cpu": 48 * 2**20, "cuda": 512 * 2**20}
"""Of a chunk's logits in full precision."""
HALF = (torch.bfloat16, torch.float16)


def token_loss(
    hidden: Tensor, head: Any, targets: Tensor, weights: Tensor | None, *, smoothing: float = 0.0, softcap: float = 0.0
) -> tuple[Tensor, Tensor]:
    """The weighted sum of losses over the positions, and each position's plain negative log-likelihood.

    `hidden` is (positions, width). Smoothing changes the sum only. In half precision, the head's own or autocast's,
    products are rounded to it; losses are in float32.
    """
    if type(head) is not torch.nn.Linear:
        return _plain(hidden, head, targets, weights, smoothing=smoothing, softcap=softcap)
    device = hidden.device.type
    kind = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else head.weight.dtype
    run: Any = _Projected.apply
    with torch.autocast(device, enabled=False):
        total, nll = run(hidden, head.weight, head.bias, targets, weights, smoothing, softcap, kind)
    return total, nll


def _chunk(vocabulary: int, size: int, device: str) -> int:
    return max(1, CHUNK_BYTES[device] // (vocabulary * size))


@lru_cache(maxsize=1)
def _room(size: int, kind: torch.dtype, device: torch.device) -> Tensor:
    """Kept from pass to pass: of fresh memory every page costs a fault."""
    with torch.inference_mode(mode=False):
        return torch.empty(size, dtype=kind, device=device)


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
        kind: torch.dtype,
    ) -> tuple[Tensor, Tensor]:
        needs = ctx.needs_input_grad[:3]
        full = torch.float32 if kind in HALF else kind
        matrix, vocabulary = weight.to(kind), len(weight)
        hidden_grad = torch.empty_like(hidden, dtype=kind) if needs[0] else None
        weight_grad = torch.zeros_like(weight, dtype=full) if needs[1] else None
        bias_grad = torch.zeros_like(bias, dtype=full) if bias is not None and needs[2] else None
        nll = hidden.new_empty(len(hidden), dtype=full)
        extra = torch.zeros_like(nll)  # how much more each position's mean -log p is, for smoothing
        size = _chunk(vocabulary, full.itemsize, hidden.device.type)
        room = _room(vocabulary * size, kind, weight.device)
        for start in range(0, len(hidden), size):
            part = slice(start, start + size)
            states, goal = hidden[part].to(kind), targets[part, None]
            logits = torch.mm(states, matrix.t(), out=room[: vocabulary * len(states)].view(-1, vocabulary))
            if bias is not None:
                logits.add_(bias)
            if softcap:
                logits = softcap * torch.tanh(logits / softcap)
            slope = 1 - (logits / softcap) ** 2 if softcap and any(needs) else None
            if smoothing:
                extra[part] = logits.gather(1, goal).squeeze(1) - logits.mean(-1, dtype=full)
            grads, nll[part] = _softmax(logits, goal, full)
            if not any(needs):
                continue
            if smoothing:
                grads.sub_(smoothing / vocabulary)
            at_goal = torch.expm1(-nll[part]) + (smoothing - smoothing / vocabulary)
            grads.scatter_(1, goal, at_goal[:, None].to(kind))
            if weights is not None:
                grads.mul_(weights[part, None].to(kind))
            if slope is not None:
                grads.mul_(slope)
            if hidden_grad is not None:
                torch.mm(grads, matrix, out=hidden_grad[part])
            if weight_grad is not None and kind == full:
                weight_grad.addmm_(grads.t(), states)
            elif weight_grad is not None:
                weight_grad.add_(grads.t() @ states)
            if bias_grad is not None:
                bias_grad.add_(grads.sum(0, dtype=full))
        ctx.grads = hidden_grad, weight_grad, bias_grad
        ctx.kind = hidden.dtype
        ctx.mark_non_differentiable(nll)
        losses = nll + smoothing * extra
        return (losses if weights is None else losses * weights.to(losses.dtype)).sum(), nll

    @staticmethod
    def backward(ctx: Any, total_grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        grads = [grad if grad is None else grad.mul_(total_grad) for grad in ctx.grads]
        if grads[0] is not None:
            grads[0] = grads[0].to(ctx.kind)
        ctx.grads = ()
        return (*grads, *(None,) * 5)


def _softmax(logits: Tensor, goal: Tensor, full: torch.dtype) -> tuple[Tensor, Tensor]:
    """Probabilities, in the place of the logits, and each goal's -log p."""
    if logits.dtype != full:
        logs = logits.log_softmax(-1, dtype=full)
        nll = -logs.gather(1, goal)
        return torch.exp(logs, out=logits), nll.squeeze(1)
    top = logits.amax(-1, keepdim=True)
    chosen = logits.gather(1, goal)
    shares = logits.sub_(top).exp_()
    mass = shares.sum(-1, keepdim=True)
    return shares.div_(mass), (mass.log() + top - chosen).squeeze(1)


def _plain(
    hidden: Tensor, head: Any, targets: Tensor, weights: Tensor | None, *, smoothing: float, softcap: float
) -> tuple[Tensor, Tensor]:
    """For heads that are no plain matrix: the same by automatic differentiation, chunk by chunk."""
    from torch.utils.checkpoint import checkpoint

    total, nlls = hidden.new_zeros((), dtype=torch.float32), []
    vocabulary = getattr(head, "out_features", 1 << 16)
    for at in range(0, len(hidden), size := _chunk(vocabulary, 4, hidden.device.type)):
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
