import json
from pathlib import Path
from typing import Any

import pytest

from tests.training.trainer.conftest import Bench, Json, events, result, row
from training.trainer.__main__ import main
from training.trainer.base_model import Source, load_chat
from training.trainer.events import Events
from training.trainer.generation import _finished
from training.trainer.spec import ModelSpec

ITEMS = [
    {"id": row_id, "messages": [{"role": "user", "content": text}]}
    for row_id, text in [("b", "long question, quite long"), ("a", "hi"), ("c", "你好"), ("d", "x" * 50)]
]


def answers(run: Path) -> list[Json]:
    return [json.loads(line) for line in (run / "outputs.jsonl").read_text().splitlines()]


def generate(bench: Bench, name: str = "answers", **decoding: Any) -> Path:
    spec = {"task": "generate", "items": "items.jsonl", "seed": 5, "decoding": {"max_new_tokens": 6} | decoding}
    return bench.task(name, spec, items=ITEMS)


def test_answers_stand_in_the_order_of_the_items(bench: Bench) -> None:
    assert [answer["id"] for answer in answers(generate(bench))] == ["b", "a", "c", "d"]


def test_greedy_answers_do_not_depend_on_the_batch(bench: Bench) -> None:
    assert answers(generate(bench, "one", batch_size=1)) == answers(generate(bench, "four", batch_size=4))


def test_sampled_answers_depend_on_the_plan_of_batches(bench: Bench) -> None:
    """Each batch draws from a seed of its own, so the plan is part of what decides an answer."""
    sampled = {
        size: answers(generate(bench, f"by-{size}", do_sample=True, temperature=2.0, batch_size=size))
        for size in (1, 4)
    }
    differ = sum(one["text"] != other["text"] for one, other in zip(*sampled.values(), strict=True))
    assert differ > 0


def test_sampling_repeats_with_its_seed(bench: Bench) -> None:
    sampled = [generate(bench, name, do_sample=True, temperature=2.0) for name in ("one", "two")]
    assert answers(sampled[0]) == answers(sampled[1]) != answers(generate(bench, "greedy"))


def test_an_answer_cut_by_its_length_says_so(bench: Bench) -> None:
    run = generate(bench)
    assert {answer["finish"] for answer in answers(run)} == {"length"}
    assert {answer["tokens"] for answer in answers(run)} == {6}
    assert result(run)["cut_off"] == 4


def test_half_a_character_at_the_cut_is_left_out(bench: Bench) -> None:
    chat = load_chat(Source(bench.model, None, ModelSpec(str(bench.model))))
    bytes_of_text = chat.tokenizer.encode("好的", add_special_tokens=False)
    assert _finished(bytes_of_text[:-1], chat) == {"text": "好", "tokens": 5, "finish": "length"}
    assert _finished([*bytes_of_text, chat.stop_ids[0]], chat) == {"text": "好的", "tokens": 7, "finish": "stop"}


def test_generation_that_was_stopped_goes_on_with_the_rest(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = generate(bench, "whole", batch_size=1, do_sample=True)
    send = Events.send

    def stop_after_two(self: Events, kind: str, **fields: Any) -> None:
        send(self, kind, **fields)
        if kind == "progress" and fields["done"] == 2:
            (bench.folder / "cut" / "cancel").touch()

    monkeypatch.setattr(Events, "send", stop_after_two)
    with pytest.raises(AssertionError, match="stopped"):
        generate(bench, "cut", batch_size=1, do_sample=True)
    (bench.folder / "cut" / "cancel").unlink()
    assert main([str(bench.folder / "cut")]) == 0
    assert answers(bench.folder / "cut") == answers(whole)
    assert [event["done"] for event in events(bench.folder / "cut", "progress")] == [1, 2, 3, 4]


def test_a_broken_item_is_named(bench: Bench) -> None:
    with pytest.raises(AssertionError, match=r"items\.jsonl line 2 is broken"):
        bench.task("bad", {"task": "generate", "items": "items.jsonl"}, items=[ITEMS[0], {"id": "x"}])


def test_perplexity_is_the_exponential_of_all_loss_over_all_tokens(bench: Bench) -> None:
    rows = [row(1, "a", "b"), row(2, "c", "a much longer answer")]
    spec = {"task": "perplexity", "data": [{"path": "d.jsonl"}]}
    found = bench.task("score", spec, d=rows)
    parts = answers(found)
    nll, tokens = sum(part["nll"] for part in parts), sum(part["tokens"] for part in parts)
    assert [part["id"] for part in parts] == ["row-1", "row-2"]
    assert result(found)["loss"] == pytest.approx(nll / tokens)
    assert result(found)["tokens"] == tokens == len("b") + len("a much longer answer") + 2


def test_perplexity_is_the_same_for_every_size_of_pass(bench: Bench) -> None:
    rows = [row(i, "q" * i, "answer " * i) for i in range(1, 9)]
    scores = []
    for size in (1, 100, 10_000):
        spec = {"task": "perplexity", "data": [{"path": "d.jsonl"}], "micro_tokens": size}
        scores.append(result(bench.task(f"score-{size}", spec, d=rows))["perplexity"])
    assert scores == pytest.approx([scores[0]] * 3, rel=1e-5)


def test_a_result_answers_with_the_template_it_was_trained_with(bench: Bench) -> None:
    run = bench.train(model={"path": str(bench.model), "template": "alpaca"}, config={"max_steps": 1})
    model = {"path": str(bench.model), "adapter": str(run / "adapter")}
    named = {"path": str(bench.model), "adapter": str(run / "adapter"), "template": "alpaca"}
    spec = {"task": "generate", "items": "items.jsonl", "decoding": {"max_new_tokens": 6}}
    own = answers(bench.task("own", spec | {"model": model}, items=ITEMS))
    assert own == answers(bench.task("named", spec | {"model": named}, items=ITEMS))


def test_a_result_of_full_fine_tuning_takes_the_place_of_its_base(bench: Bench) -> None:
    run = bench.train(method={"name": "full"}, config={"epochs": 3, "learning_rate": 1e-2})
    model = {"path": str(bench.model), "adapter": str(run / "adapter")}
    spec = {"task": "generate", "items": "items.jsonl", "model": model, "decoding": {"max_new_tokens": 6}}
    assert answers(bench.task("tuned", spec, items=ITEMS)) != answers(generate(bench, "base"))
