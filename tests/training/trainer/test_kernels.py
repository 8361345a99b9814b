"""Which kernels a run uses, and that they are given what they document. No GPU is needed: theirs are not run."""

import sys
from inspect import signature
from itertools import pairwise
from types import ModuleType
from typing import Any

import pytest
import torch
import torch.nn.attention.varlen
from torch.nn.functional import scaled_dot_product_attention

from tests.training.trainer.conftest import Bench, result
from tests.training.trainer.test_fused import by_hand, loss_and_gradients, tuned
from training.trainer import attention, fused, kernels


def varlen(q: Any, k: Any, v: Any, ends_q: Any, ends_k: Any, longest_q: int, longest_k: int, **said: Any) -> Any:
    """PyTorch's varlen_attn by its documentation, (tokens, heads, width), row by row in plain PyTorch."""
    assert torch.equal(ends_q, ends_k)
    assert ends_q.dtype == torch.int32
    assert longest_q == longest_k == int(ends_q.diff().max())
    before, after = said["window_size"]
    rows = []
    for start, end in pairwise(ends_q.tolist()):
        one = [tensor[start:end].transpose(0, 1) for tensor in (q, k, v)]
        at = torch.arange(end - start)
        apart = at[:, None] - at[None, :]
        mask = apart >= -after
        if before >= 0:
            mask &= apart <= before
        seen = scaled_dot_product_attention(*one, attn_mask=mask, scale=said["scale"], enable_gqa=said["enable_gqa"])
        rows.append(seen.transpose(0, 1))
    return torch.cat(rows)


@pytest.fixture
def on_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes this machine's arithmetic for a GPU's, and the function above for FlashAttention."""
    signature(torch.nn.attention.varlen.varlen_attn).bind(*range(7), scale=None, window_size=(-1, 0), enable_gqa=True)
    monkeypatch.setattr(torch.nn.attention.varlen, "varlen_attn", varlen)
    for module in (attention, fused):
        monkeypatch.setattr(module, "flash_serves", lambda *_: True)


@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.usefixtures("on_a_gpu")
def test_flash_attention_is_given_the_rows_as_it_documents_them(
    window: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 4, 12, 8), torch.randn(1, 2, 12, 8), torch.randn(1, 2, 12, 8)
    arguments = (None, query, key, value, None)
    said: dict[str, Any] = {"row_lengths": (5, 1, 6), "scaling": 0.3, "sliding_window": window}
    flash, _ = attention.rows_attention(*arguments, **said)
    monkeypatch.setattr(attention, "flash_serves", lambda *_: False)
    plain, _ = attention.rows_attention(*arguments, **said)
    torch.testing.assert_close(flash, plain)


@pytest.mark.usefixtures("on_a_gpu")
def test_rows_of_an_evaluation_can_be_trained_on_next(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = []
    monkeypatch.setattr(torch.nn.attention.varlen, "varlen_attn", lambda q, k, v, ends, *_, **__: kept.append(ends))
    with torch.inference_mode():
        kernels.flash_attention(*(torch.randn(5, 2, 8) for _ in range(3)), (3, 2))
    kernels.flash_attention(*(torch.randn(5, 2, 8) for _ in range(3)), (3, 2))
    assert [ends.tolist() for ends in kept] == [[0, 3, 5]] * 2
    assert not kept[1].is_inference()


@pytest.mark.parametrize("liger", [False, True])
@pytest.mark.parametrize("method", ["lora", "full"])
@pytest.mark.usefixtures("on_a_gpu")
def test_the_decoder_by_hand_is_the_same_with_the_kernels_of_a_gpu(
    method: str, liger: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The way a GPU goes through it, in full precision here; LoRA's matrices in more precision than the pass."""
    calls = []

    class SiluMul(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, gate: Any, up: Any) -> Any:
            calls.append(gate.shape)
            ctx.save_for_backward(gate, up)
            return torch.nn.functional.silu(gate) * up

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            gate, up = ctx.saved_tensors
            return torch.ops.aten.silu_backward(grad * up, gate), grad * torch.nn.functional.silu(gate)

    package = ModuleType("liger_kernel.ops.swiglu")
    monkeypatch.setattr(package, "LigerSiLUMulFunction", SiluMul, raising=False)
    monkeypatch.setitem(sys.modules, "liger_kernel.ops.swiglu", package)
    monkeypatch.setattr(kernels, "installed", lambda name: liger and name == "liger_kernel")
    model = tuned(method, "llama")
    if method == "lora":
        for parameter in model.trained().values():
            parameter.data = parameter.data.double()
    plain, expected = loss_and_gradients(model, None)
    decoder = by_hand(model)
    decoder.device = "cuda"
    loss, found = loss_and_gradients(model, decoder)
    torch.testing.assert_close(loss, plain)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-4, rtol=1e-3)
    assert len(calls) == (2 if liger else 0)


@pytest.mark.parametrize(
    ("device", "capability", "kind", "width", "serves"),
    [
        ("cuda", (9, 0), torch.bfloat16, 128, True),
        ("cuda", (8, 0), torch.float16, 256, True),
        ("cuda", (7, 5), torch.float16, 128, False),
        ("cuda", (9, 0), torch.float32, 128, False),
        ("cuda", (9, 0), torch.bfloat16, 512, False),
        ("cuda", (9, 0), torch.bfloat16, 100, False),
        ("cpu", None, torch.bfloat16, 128, False),
    ],
)
def test_flash_attention_serves_half_precision_on_newer_gpus(
    monkeypatch: pytest.MonkeyPatch, device: str, capability: Any, kind: torch.dtype, width: int, serves: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert kernels.flash_serves(device, kind, width) is serves


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, ["fused", "cpu-attention"]),
        ({"config": {"packing": "off"}}, ["sdpa"]),
        ({"config": {"precision": "bf16"}}, ["sdpa"]),
        ({"method": {"name": "prefix"}}, ["sdpa"]),
    ],
)
def test_the_result_says_how_passes_were_computed(bench: Bench, spec: dict[str, Any], said: list[str]) -> None:
    config = {"device": "cpu"} | spec.get("config", {})
    assert result(bench.train(**spec | {"config": config}))["kernels"] == said
