"""The decoder written by hand against transformers' own, loss and every gradient."""

from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from tests.training.trainer.test_attention import table
from training.trainer import cpu_attention, fused
from training.trainer.batch import make_batch
from training.trainer.fused import FusedDecoder
from training.trainer.methods.build import Setting, build_model
from training.trainer.methods.options import METHODS
from training.trainer.tuned import Tuned

ROWS = table(list(range(1, 14)), [3, 4, 5, 9, 8, 7], [2, 1])


def tuned(method: str, kind: str, **options: Any) -> Tuned:
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 97, "pad_token_id": 0}
    sizes |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8}
    config = AutoConfig.for_model(kind, **sizes, sliding_window=None, tie_word_embeddings=True)
    model = AutoModelForCausalLM.from_config(config)
    built = build_model(model, method, METHODS[method](**options), Setting(steps=3, tokenizer=None, seed=1))
    with torch.no_grad():
        for name, parameter in built.trained().items():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    return built


def by_hand(model: Tuned) -> FusedDecoder:
    decoder = FusedDecoder.of(model.core)
    assert decoder is not None
    return decoder


def loss_and_gradients(model: Tuned, decoder: FusedDecoder | None) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.__dict__["_fused"] = decoder
    loss, _ = model.loss(make_batch(ROWS, [0, 1, 2], "cpu", padded=False))
    loss.backward()
    gradients = {name: p.grad.clone() for name, p in model.trained().items() if p.grad is not None}
    for parameter in model.trained().values():
        parameter.grad = None
    return loss.detach(), gradients


@pytest.mark.parametrize("kind", fused.KINDS)
@pytest.mark.parametrize("method", ["lora", "rslora", "full"])
def test_loss_and_gradients_are_those_of_transformers(kind: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpu_attention, "BLOCK", 5)
    model = tuned(method, kind)
    (plain, expected), (ours, found) = (loss_and_gradients(model, way) for way in (None, by_hand(model)))
    torch.testing.assert_close(ours, plain)
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-4, rtol=1e-3)


def test_some_layers_may_have_no_update() -> None:
    model = tuned("lora", "llama", targets=("q_proj", "up_proj"))
    (_, expected), (_, found) = (loss_and_gradients(model, way) for way in (None, by_hand(model)))
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, atol=1e-4, rtol=1e-3)


def test_a_row_does_not_see_its_neighbour() -> None:
    model = tuned("lora", "llama")
    decoder = by_hand(model)
    seen = []
    for first in ([5, 6, 7, 8], [9, 1, 1, 2]):
        batch = make_batch(table(first, [3, 4, 5]), [0, 1], "cpu", padded=False)
        keep = torch.arange(7)
        seen.append(decoder.states(batch.input_ids, batch.position_ids, batch.row_lengths or (), keep, torch.float32))
    assert torch.equal(seen[0][4:], seen[1][4:])


@pytest.mark.parametrize(
    ("method", "options"), [("dora", {}), ("lora", {"dropout": 0.1}), ("ia3", {}), ("adalora", {}), ("bottleneck", {})]
)
def test_what_it_was_not_written_for_goes_the_usual_way(method: str, options: dict[str, Any]) -> None:
    assert FusedDecoder.of(tuned(method, "llama", **options).core) is None


def test_a_model_with_another_arrangement_goes_the_usual_way() -> None:
    config = AutoConfig.for_model("qwen3", hidden_size=32, num_hidden_layers=1, vocab_size=97, num_attention_heads=4)
    assert FusedDecoder.of(AutoModelForCausalLM.from_config(config)) is None
