"""Every method trains what its paper says, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.trainer.conftest import Bench, events, result, row, weights
from training.trainer.base_model import Source
from training.trainer.loading import load_tuned
from training.trainer.methods.options import METHODS
from training.trainer.spec import ModelSpec

D, INNER, KV, LAYERS, VOCABULARY = 64, 128, 32, 2, 259
MATRICES = [(D, D), (D, KV), (D, KV), (D, D), (D, INNER), (D, INNER), (INNER, D)]
SIDES = LAYERS * sum(a + b for a, b in MATRICES)
OUTPUTS = LAYERS * sum(b for _, b in MATRICES)
N = 5
COUNTS: dict[str, tuple[dict[str, Any], int]] = {
    # all weights; input and output embeddings are one
    "full": ({}, VOCABULARY * D + LAYERS * (sum(a * b for a, b in MATRICES) + 2 * D) + D),
    # r(d_in + d_out) for each matrix: Hu et al. 2021, 4.2
    "lora": ({"r": 3}, 3 * SIDES),
    "rslora": ({"r": 3}, 3 * SIDES),
    "qlora": ({"r": 3}, 3 * SIDES),
    # a magnitude for each output beside LoRA: Liu et al. 2024, eq. 5
    "dora": ({"r": 3}, 3 * SIDES + OUTPUTS),
    # P, Λ and Q for each matrix: Zhang et al. 2023, eq. 3
    "adalora": ({"init_r": 4, "target_r": 2}, 4 * (SIDES + LAYERS * len(MATRICES))),
    # keys and values for each position and layer: Li & Liang 2021, 4.2; Liu et al. 2021 (v2), 3.2
    "ptuning_v2": ({"virtual_tokens": N}, N * LAYERS * 2 * KV),
    # with the network that makes them: Li & Liang 2021, 4.3
    "prefix": (
        {"virtual_tokens": N, "projection_size": 16},
        N * KV + (KV * 16 + 16) + (16 * 2 * LAYERS * KV + 2 * LAYERS * KV),
    ),
    # the prompt alone: Lester et al. 2021, 2
    "prompt": ({"virtual_tokens": N}, N * D),
    # the prompt and the network that makes it: Liu et al. 2021 (GPT understands, too)
    "ptuning": ({"virtual_tokens": N, "encoder_size": 16}, N * D + (D * 16 + 16) + (16 * 16 + 16) + (16 * D + D)),
    # l_k, l_v and l_ff in each layer: Liu et al. 2022, 3.3
    "ia3": ({}, LAYERS * (KV + KV + INNER)),
    # 2md + d + m for each of two adapters in each layer: Houlsby et al. 2019, 2.1
    "bottleneck": ({"size": 7}, LAYERS * 2 * (2 * 7 * D + D + 7)),
}


def test_every_method_has_its_count_here() -> None:
    assert COUNTS.keys() == METHODS.keys()


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("method", METHODS)
def test_the_trainable_count_is_what_the_paper_says(bench: Bench, method: str, precision: str) -> None:
    options, count = COUNTS[method]
    config = {"max_steps": 1, "precision": precision}
    run = bench.train(method={"name": method} | options, rows=[row(1, "a", "b")], config=config)
    assert result(run)["trainable_parameters"] == count


@pytest.mark.parametrize("method", METHODS)
def test_the_saved_result_scores_as_the_trained_model_did(bench: Bench, method: str) -> None:
    """Reloaded from the disk onto its base, with another pass plan."""
    run = bench.train(
        method={"name": method}, eval_data=[{"path": "train.jsonl"}], config={"epochs": 3, "learning_rate": 0.01}
    )
    assert result(run)["eval_loss"] < result(run)["base_eval_loss"]
    model = {"path": str(bench.model), "adapter": str(run / "adapter")}
    rows = [json.loads(line) for line in (run / "train.jsonl").open()]
    score = bench.task(
        "score", {"task": "perplexity", "model": model, "data": [{"path": "d.jsonl"}], "micro_tokens": 97}, d=rows
    )
    tolerance = 2e-2 if method == "qlora" else 1e-5
    assert result(score)["loss"] == pytest.approx(result(run)["eval_loss"], abs=tolerance)


@pytest.mark.parametrize("method", ["lora", "rslora", "dora", "adalora", "ia3"])
def test_merged_weights_give_the_logits_of_the_adapter(bench: Bench, method: str) -> None:
    from transformers import AutoModelForCausalLM

    run = bench.train(method={"name": method}, config={"epochs": 5, "learning_rate": 0.01})
    spec = ModelSpec(str(bench.model), adapter=str(run / "adapter"))
    exported = bench.task("export", {"task": "export", "model": {"path": spec.path, "adapter": spec.adapter}})
    merged = AutoModelForCausalLM.from_pretrained(exported / "model").eval()
    adapted = load_tuned(Source(bench.model, Path(spec.adapter or ""), spec)).for_generation()
    base = AutoModelForCausalLM.from_pretrained(bench.model).eval()
    ids = torch.randint(VOCABULARY, (2, 40), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert (merged(ids).logits - adapted(ids).logits).abs().max() <= 1e-4
        assert (merged(ids).logits - base(ids).logits).abs().max() > 1e-3


def test_what_was_trained_on_four_bits_is_exported_with_its_divergence(bench: Bench) -> None:
    run = bench.train(method={"name": "qlora"}, config={"epochs": 3, "learning_rate": 0.01})
    model = {"path": str(bench.model), "adapter": str(run / "adapter")}
    assert 0 < result(bench.task("export", {"task": "export", "model": model}))["kl_divergence"] < 1


@pytest.mark.parametrize("method", ["full", "lora", "prefix", "ptuning", "prompt", "bottleneck", "ia3"])
def test_an_answer_is_the_same_from_the_adapter_alone_and_in_a_batch(bench: Bench, method: str) -> None:
    run = bench.train(method={"name": method}, config={"epochs": 2, "learning_rate": 0.02})
    items = [json.loads(line) for line in (run / "train.jsonl").open()]
    items = [{"id": item["id"], "messages": item["messages"][:1]} for item in items]
    answers = []
    for size in (1, 5):
        spec = {
            "task": "generate",
            "items": "i.jsonl",
            "model": {"path": str(bench.model), "adapter": str(run / "adapter")},
            "decoding": {"max_new_tokens": 8, "batch_size": size},
        }
        answers.append((bench.task(f"answers-{size}", spec, i=items) / "outputs.jsonl").read_text())
    assert answers[0] == answers[1]


@pytest.mark.parametrize("method", ["lora", "adalora", "ia3"])
def test_the_export_answers_in_plain_transformers_as_the_adapter_does(bench: Bench, method: str) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    run = bench.train(method={"name": method}, config={"epochs": 3, "learning_rate": 0.02})
    model = {"path": str(bench.model), "adapter": str(run / "adapter")}
    exported = bench.task("export", {"task": "export", "model": model}) / "model"
    messages = [{"role": "user", "content": "say red"}]
    spec = {"task": "generate", "items": "i.jsonl", "model": model, "decoding": {"max_new_tokens": 12}}
    answers = bench.task("answers", spec, i=[{"id": "1", "messages": messages}])
    tokenizer, plain = AutoTokenizer.from_pretrained(exported), AutoModelForCausalLM.from_pretrained(exported)
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    tokens = plain.generate(**prompt, max_new_tokens=12)[0, prompt["input_ids"].shape[1] :]
    ours = json.loads((answers / "outputs.jsonl").read_text())["text"]
    assert tokenizer.decode(tokens, skip_special_tokens=True).rstrip("\ufffd") == ours
    assert tokenizer.eos_token_id in plain.generation_config.eos_token_id


@pytest.mark.parametrize("method", ["lora", "prefix", "ptuning_v2", "ptuning", "prompt"])
def test_plain_peft_answers_with_the_result_as_we_do(bench: Bench, method: str) -> None:
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

    run = bench.train(method={"name": method}, config={"epochs": 3, "learning_rate": 0.02})
    messages = [{"role": "user", "content": "say red"}]
    model = {"path": str(bench.model), "adapter": str(run / "adapter")}
    spec = {"task": "generate", "items": "i.jsonl", "model": model, "decoding": {"max_new_tokens": 12}}
    answers = bench.task("answers", spec, i=[{"id": "1", "messages": messages}])
    tokenizer = AutoTokenizer.from_pretrained(run / "adapter")
    tuned = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(bench.model), run / "adapter").eval()
    settings = GenerationConfig.from_pretrained(run / "adapter")
    prompt = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    tokens = tuned.generate(**prompt, generation_config=settings, max_new_tokens=12)[0, prompt["input_ids"].shape[1] :]
    ours = json.loads((answers / "outputs.jsonl").read_text())["text"]
    answer = tokenizer.decode(tokens, skip_special_tokens=True)
    assert answer.rstrip("\ufffd") == ours, "a character cut in two by the length is left out by ours"


@pytest.mark.parametrize("method", ["prefix", "prompt", "ptuning", "ptuning_v2", "bottleneck"])
def test_what_is_no_change_of_weights_is_not_merged(bench: Bench, method: str) -> None:
    from training.trainer.__main__ import main

    run = bench.train(method={"name": method})
    spec = {"task": "export", "model": {"path": str(bench.model), "adapter": str(run / "adapter")}}
    (bench.folder / "export").mkdir()
    (bench.folder / "export" / "spec.json").write_text(json.dumps({"version": 1} | spec))
    assert main([str(bench.folder / "export")]) == 1
    assert result(bench.folder / "export")["error"]["code"] == "not_mergeable"


def test_an_evaluation_takes_no_gradient_from_four_bits(bench: Bench) -> None:
    spec: dict[str, Any] = {"method": {"name": "qlora"}, "config": {"epochs": 2, "learning_rate": 0.01}}
    watched = bench.train("watched", **spec, eval_data=[{"path": "train.jsonl"}])
    alone = bench.train("alone", **spec)
    assert [e["grad_norm"] for e in events(watched, "train")] == [e["grad_norm"] for e in events(alone, "train")]


def test_adalora_ranks_fall_to_their_target(bench: Bench) -> None:
    run = bench.train(
        method={"name": "adalora", "init_r": 6, "target_r": 2}, config={"epochs": 10, "learning_rate": 0.01}
    )
    singular = [tensor for name, tensor in weights(run).items() if "lora_E" in name]
    ranks = [int((tensor != 0).sum()) for tensor in singular]
    assert sum(ranks) == 2 * len(ranks)
    assert len(set(ranks)) > 1


def test_the_orthogonality_weight_of_adalora_changes_the_training(bench: Bench) -> None:
    found = []
    for weight in (0.0, 0.5, 50.0):
        method = {"name": "adalora", "orth_reg_weight": weight}
        run = bench.train(f"w{weight}", method=method, config={"epochs": 3, "learning_rate": 0.01})
        p = [tensor for name, tensor in weights(run).items() if "lora_A" in name]
        found.append(sum(float(torch.linalg.matrix_norm(m @ m.T - torch.eye(len(m)))) for m in p))
    assert found[0] > found[1] > found[2]


def test_full_fine_tuning_overfits_four_rows_and_at_rate_zero_it_does_not(bench: Bench) -> None:
    rows = [row(i, f"q{i}", answer) for i, answer in enumerate(["alpha", "beta beta", "gamma", "delta!"])]
    ends = [
        events(
            bench.train(
                f"rate-{rate}",
                rows=rows,
                method={"name": "full"},
                config={"epochs": 100, "learning_rate": rate, "save_every": 100},
            ),
            "train",
        )[-1]["loss"]
        for rate in (3e-3, 0.0)
    ]
    assert ends[0] < 0.05
    assert ends[1] > 4
