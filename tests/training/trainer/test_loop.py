"""Loss = ΣNLL / all supervised tokens of the optimizer step, however the step is cut."""

import json

import pytest
import torch

from tests.training.trainer.conftest import Bench, events, result, row, same_bits, uneven_rows, weights, write_rows
from training.trainer.__main__ import main


@pytest.mark.parametrize("packing", ["on", "off"])
@pytest.mark.parametrize("passes", [2, 12])
def test_twelve_rows_in_any_number_of_passes_give_the_same_step(bench: Bench, passes: int, packing: str) -> None:
    config = {"batch_size": 12, "precision": "fp64", "epochs": 2, "micro_tokens": 100_000}
    whole = bench.train("whole", config=config | {"accumulation": 1})
    cut = bench.train("cut", config=config | {"accumulation": passes, "packing": packing})
    for one, other in zip(events(whole, "train"), events(cut, "train"), strict=True):
        assert other["loss"] == pytest.approx(one["loss"], abs=1e-6)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], abs=1e-6)
    for name, tensor in weights(whole).items():
        torch.testing.assert_close(weights(cut)[name], tensor, atol=1e-6, rtol=0)


def test_the_loss_is_the_mean_over_tokens_and_not_over_rows(bench: Bench) -> None:
    rows = [row(1, "a", "x"), row(2, "b", "a long answer with many tokens in it")]
    run = bench.train(rows=rows, config={"batch_size": 2, "learning_rate": 0.0, "precision": "fp64"})
    single = [
        bench.train(f"only-{i}", rows=[one], config={"batch_size": 1, "learning_rate": 0.0, "precision": "fp64"})
        for i, one in enumerate(rows)
    ]
    nll = [result(one)["train_loss"] * result(one)["supervised_tokens"] for one in single]
    tokens = sum(result(one)["supervised_tokens"] for one in single)
    assert result(run)["train_loss"] == pytest.approx(sum(nll) / tokens, abs=1e-9)


def test_a_row_of_weight_two_counts_as_if_it_stood_there_twice(bench: Bench) -> None:
    config = {"batch_size": 4, "precision": "fp64"}
    first, second = row(1, "a", "one two"), row(2, "b", "three four five")
    weighted = bench.train("weighted", rows=[first, second | {"weight": 2}], config=config)
    doubled = bench.train("doubled", rows=[first, second, second], config=config)
    assert result(weighted)["train_loss"] == pytest.approx(result(doubled)["train_loss"], abs=1e-9)


def test_label_smoothing_raises_the_training_loss_only(bench: Bench) -> None:
    common = {"eval_data": [{"path": "train.jsonl"}]}
    plain = result(bench.train("plain", config={"learning_rate": 0.0}, **common))
    smooth = result(bench.train("smooth", config={"learning_rate": 0.0, "label_smoothing": 0.1}, **common))
    assert smooth["train_loss"] != pytest.approx(plain["train_loss"], abs=1e-4)
    assert smooth["eval_loss"] == pytest.approx(plain["eval_loss"], abs=1e-6)


def test_the_same_spec_gives_the_same_result_apart_from_what_is_measured(bench: Bench) -> None:
    measured = {"seconds", "train_seconds", "tokens_per_s", "peak_rss_mb"}
    both = [bench.train(name, method={"name": "lora", "dropout": 0.2}) for name in ("one", "two")]
    one, two = ({key: value for key, value in result(run).items() if key not in measured} for run in both)
    assert one == two
    assert same_bits(*map(weights, both))


def test_another_seed_gives_other_weights(bench: Bench) -> None:
    assert not same_bits(weights(bench.train("one")), weights(bench.train("two", seed=4)))


def test_with_pad_equal_to_eos_the_end_of_turn_is_learnt_and_generation_stops(bench: Bench) -> None:
    rows = [row(i, f"number {i}", answer) for i, answer in enumerate(["one", "two two", "three", "four four four"])]
    run = bench.train(
        rows=rows,
        method={"name": "full"},
        config={"epochs": 120, "learning_rate": 3e-3, "packing": "off", "save_every": 120},
    )
    items = [{"id": one["id"], "messages": one["messages"][:1]} for one in rows]
    answers = bench.task(
        "answers",
        {
            "task": "generate",
            "model": {"path": str(bench.model), "adapter": str(run / "adapter")},
            "items": "items.jsonl",
            "decoding": {"max_new_tokens": 30},
        },
        items=items,
    )
    texts = [line["text"] for line in map(json.loads, (answers / "outputs.jsonl").open())]
    assert texts == [one["messages"][1]["content"] for one in rows]
    assert result(answers)["cut_off"] == 0


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_lower_precision_trains_and_keeps_trained_weights_in_full(bench: Bench, precision: str) -> None:
    run = bench.train(config={"precision": precision, "epochs": 4, "learning_rate": 3e-3})
    losses = [event["loss"] for event in events(run, "train")]
    assert losses[-1] < losses[0]
    assert {tensor.dtype for tensor in weights(run).values()} == {torch.float32}


def test_activation_checkpointing_changes_no_weight(bench: Bench) -> None:
    plain = bench.train("plain", method={"name": "lora", "dropout": 0.2})
    again = bench.train("again", method={"name": "lora", "dropout": 0.2}, config={"activation_checkpointing": True})
    assert same_bits(weights(plain), weights(again))


def test_early_stopping_waits_for_its_patience_and_exports_the_best(bench: Bench) -> None:
    run = bench.train(
        method={"name": "full"},
        eval_data=[{"path": "train.jsonl"}],
        config={"epochs": 20, "eval_every": 1, "patience": 3, "learning_rate": 1.0, "schedule": "constant"},
    )
    evals = {event["step"]: event["loss"] for event in events(run, "eval")}
    found = result(run)
    assert found["eval_loss"] == min(loss for step, loss in evals.items() if step)
    assert found["steps"] == found["best_step"] + 3 < found["planned_steps"]


def test_tokens_are_counted_without_padding(bench: Bench) -> None:
    run = bench.train(rows=uneven_rows(8), config={"packing": "off", "epochs": 2})
    assert result(run)["tokens"] == 2 * result(run)["data"]["tokens"]
    assert events(run, "train")[-1]["supervised_tokens"] == 2 * result(run)["data"]["supervised_tokens"]


def test_a_file_of_weight_zero_is_watched_and_decides_nothing(bench: Bench) -> None:
    general = [row(i, f"what is {i}", "something else") for i in range(4)]
    both = bench.prepare(
        "both", eval_data=[{"path": "train.jsonl"}, {"path": "general.jsonl", "weight": 0}], config={"epochs": 2}
    )
    write_rows(both / "general.jsonl", general)
    assert main([str(both)]) == 0
    one = bench.train("one", eval_data=[{"path": "train.jsonl"}], config={"epochs": 2})
    for watched, alone in zip(events(both, "eval"), events(one, "eval"), strict=True):
        assert watched["loss"] == pytest.approx(watched["losses"]["train"]) == pytest.approx(alone["loss"])
        assert watched["losses"]["general"] != watched["losses"]["train"]
        assert "losses" not in alone
