"""The chunked loss against torch's own cross-entropy and automatic differentiation."""

from copy import deepcopy

import pytest
import torch
from torch.nn.functional import cross_entropy

from training.trainer import loss as loss_module
from training.trainer.loss import token_loss


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_module, "CHUNK_BYTES", {"cpu": 7 * 50 * 8})


def problem(seed: int = 0, bias: bool = False) -> tuple[torch.Tensor, torch.nn.Linear, torch.Tensor]:
    torch.manual_seed(seed)
    head = torch.nn.Linear(16, 50, bias=bias, dtype=torch.float64)
    return torch.randn(23, 16, dtype=torch.float64, requires_grad=True), head, torch.randint(50, (23,))


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("softcap", [0.0, 3.0])
@pytest.mark.parametrize("bias", [False, True])
def test_loss_and_gradients_are_those_of_plain_cross_entropy(
    smoothing: float, weighted: bool, softcap: float, bias: bool
) -> None:
    hidden, head, targets = problem(bias=bias)
    weights = torch.rand(23, dtype=torch.float64) if weighted else None
    total, _ = token_loss(hidden, head, targets, weights, smoothing=smoothing, softcap=softcap)
    (total / 7).backward()
    found = [p.grad.clone() for p in (hidden, *head.parameters())]
    hidden.grad = None
    head.zero_grad()
    logits = head(hidden)
    logits = softcap * torch.tanh(logits / softcap) if softcap else logits
    losses = cross_entropy(logits, targets, reduction="none", label_smoothing=smoothing)
    expected = (losses if weights is None else losses * weights).sum()
    (expected / 7).backward()
    torch.testing.assert_close(total, expected)
    for ours, p in zip(found, (hidden, *head.parameters()), strict=True):
        torch.testing.assert_close(ours, p.grad)


def test_each_position_keeps_its_plain_negative_log_likelihood() -> None:
    hidden, head, targets = problem()
    _, nll = token_loss(hidden, head, targets, None, smoothing=0.3)
    torch.testing.assert_close(nll, cross_entropy(head(hidden), targets, reduction="none"))


def test_a_head_that_is_no_plain_matrix_gives_the_same() -> None:
    hidden, head, targets = problem()
    wrapped = torch.nn.Sequential(head)
    fast, _ = token_loss(hidden, head, targets, None, smoothing=0.1)
    slow, _ = token_loss(hidden, wrapped, targets, None, smoothing=0.1)
    torch.testing.assert_close(fast.float(), slow.float())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float32])
def test_half_precision_rounds_products_and_no_sums(smoothing: float, kind: torch.dtype) -> None:
    """A head in half precision, and one in full under autocast: the loss of the rounded logits, summed in float32."""
    hidden, head, targets = problem(bias=True)
    states, head = hidden.detach().bfloat16().requires_grad_(), head.to(kind)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=kind is torch.float32):
        total, nll = token_loss(states, head, targets, None, smoothing=smoothing)
    total.backward()
    assert nll.dtype is torch.float32
    exact_states, exact = states.detach().double().requires_grad_(), deepcopy(head).double()
    exact.zero_grad()
    expected = cross_entropy(exact(exact_states), targets, reduction="none", label_smoothing=smoothing)
    expected.sum().backward()
    torch.testing.assert_close(total.double(), expected.sum(), atol=0, rtol=5e-3)
    for found, right in ((states.grad, exact_states.grad), (head.weight.grad, exact.weight.grad)):
        assert found is not None
        assert right is not None
        assert torch.linalg.vector_norm(found.double() - right) < 0.01 * torch.linalg.vector_norm(right)


def test_the_logits_of_all_positions_are_never_held(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    product = torch.mm

    def watched(left: torch.Tensor, right: torch.Tensor, **said: torch.Tensor) -> torch.Tensor:
        found = product(left, right, **said)
        sizes.append(found.numel() if found.shape[-1] == 50 else 0)
        return found

    monkeypatch.setattr(torch, "mm", watched)
    hidden, head, targets = problem()
    token_loss(hidden, head, targets, None)
    assert max(sizes) == 7 * 50
