"""Which kernels a run uses, and that they are given what they document. No GPU is needed: theirs are not run."""

import sys
from types import ModuleType
from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from tests.training.trainer.conftest import Bench, result
from training.trainer import kernels
from training.trainer.attention import rows_attention


def varlen(q: Any, k: Any, v: Any, **said: Any) -> Any:
    """FlashAttention's function by its documentation, (tokens, heads, width), row by row in plain PyTorch."""
    assert torch.equal(said["cu_seqlens_q"], said["cu_seqlens_k"])
    assert said["cu_seqlens_q"].dtype == torch.int32
    assert said["causal"]
    before, after = said["window_size"]
    rows = []
    for start, end in zip(said["cu_seqlens_q"][:-1], said["cu_seqlens_q"][1:], strict=True):
        assert end - start <= said["max_seqlen_q"]
        one = [tensor[start:end].transpose(0, 1) for tensor in (q, k, v)]
        at = torch.arange(end - start)
        apart = at[:, None] - at[None, :]
        mask = apart >= -after if after >= 0 else apart >= 0
        mask = mask & (apart <= before) if before >= 0 else mask
        seen = scaled_dot_product_attention(*one, attn_mask=mask, scale=said["softmax_scale"], enable_gqa=True)
        rows.append(seen.transpose(0, 1))
    return torch.cat(rows)


@pytest.fixture
def flash_attn(monkeypatch: pytest.MonkeyPatch) -> None:
    package = ModuleType("flash_attn")
    package.flash_attn_varlen_func = varlen  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "flash_attn", package)
    monkeypatch.setattr(kernels, "installed", lambda name: name == "flash_attn")


@pytest.mark.parametrize("window", [None, 4])
@pytest.mark.usefixtures("flash_attn")
def test_flash_attention_is_given_the_rows_as_it_documents_them(window: int | None) -> None:
    torch.manual_seed(0)
    query, key, value = torch.randn(1, 4, 12, 8), torch.randn(1, 2, 12, 8), torch.randn(1, 2, 12, 8)
    lengths = (5, 1, 6)
    plain, _ = rows_attention(None, query, key, value, None, row_lengths=lengths, scaling=0.3, sliding_window=window)
    seen = kernels.flash_attention(query, key, value, lengths, scale=0.3, window=window)
    torch.testing.assert_close(seen, plain)


@pytest.mark.parametrize(
    ("device", "kind", "width", "serves"),
    [
        ("cuda", "bfloat16", 128, True),
        ("cuda", "float16", 256, True),
        ("cuda", "float32", 128, False),
        ("cuda", "bfloat16", 512, False),
        ("cpu", "bfloat16", 128, False),
    ],
)
@pytest.mark.usefixtures("flash_attn")
def test_flash_attention_serves_half_precision_on_a_gpu(device: str, kind: str, width: int, serves: bool) -> None:
    assert kernels.flash_serves(device, kind, width) is serves


def test_flash_attention_that_is_not_installed_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "installed", lambda name: False)
    assert not kernels.flash_serves("cuda", "bfloat16", 128)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({}, ["fused-cpu"]),
        ({"config": {"packing": "off"}}, ["sdpa"]),
        ({"config": {"precision": "bf16"}}, ["sdpa"]),
        ({"method": {"name": "prefix"}}, ["sdpa"]),
    ],
)
def test_the_result_says_how_passes_were_computed(bench: Bench, spec: dict[str, Any], said: list[str]) -> None:
    assert result(bench.train(**spec))["kernels"] == said
