"""What goes wrong is said in one sentence that names the thing."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from tests.factories.tiny_model import make_tiny_model
from tests.training.trainer.conftest import Bench, events, result, row, uneven_rows
from training.trainer.__main__ import main
from training.trainer.base_model import Source, load_chat
from training.trainer.loop import Loop
from training.trainer.spec import ModelSpec


def failure(run: Path) -> dict[str, Any]:
    assert main([str(run)]) == 1
    found: dict[str, Any] = events(run, "error")[-1]
    assert result(run)["error"]["message"] == found["message"]
    return found


def test_every_fault_of_a_bad_spec_is_listed_at_once(bench: Bench) -> None:
    run = bench.prepare(
        model={"path": "/no/such/model"},
        data=[{"path": "absent.jsonl", "weight": -1}],
        method={"name": "lora", "r": 0, "ranks": 3},
        config={"epochs": 0, "schedule": "sine", "batch_size": "many"},
    )
    assert main([str(run)]) == 2
    assert {event["field"] for event in events(run, "error")} == {
        "model.path",
        "data[0].path",
        "data[0].weight",
        "method.r",
        "method.ranks",
        "config.epochs",
        "config.schedule",
        "config.batch_size",
    }


def test_a_spec_that_is_no_json_is_a_bad_spec(bench: Bench) -> None:
    run = bench.prepare()
    (run / "spec.json").write_text("{")
    assert main([str(run)]) == 2


@pytest.mark.parametrize("method", ["prompt", "prefix", "ptuning", "ptuning_v2"])
def test_prefix_and_prompt_methods_refuse_packing(bench: Bench, method: str) -> None:
    run = bench.prepare(method={"name": method}, config={"packing": "on"})
    assert main([str(run)]) == 2
    assert events(run, "error")[0]["field"] == "config.packing"


def test_a_broken_line_is_named_with_its_file(bench: Bench) -> None:
    run = bench.prepare()
    lines = (run / "train.jsonl").read_text().splitlines()
    (run / "train.jsonl").write_text("\n".join([*lines[:6], '{"id": 7, "messages": [', *lines[7:]]))
    assert "train.jsonl line 7 is broken" in failure(run)["message"]


def test_a_line_with_an_unknown_role_is_named(bench: Bench) -> None:
    run = bench.prepare(rows=[row(1, "a", "b"), {"id": "x", "messages": [{"role": "robot", "content": "beep"}]}])
    assert "train.jsonl line 2 is broken" in failure(run)["message"]


def test_a_weight_file_cut_short_is_named(bench: Bench) -> None:
    model = make_tiny_model(bench.folder / "cut-model")
    os.truncate(model / "model.safetensors", 100_000)
    run = bench.prepare(model={"path": str(model)})
    assert f"{model / 'model.safetensors'} is cut short" in failure(run)["message"]


def test_a_gguf_file_cut_short_is_named_and_leaves_nothing_in_the_cache(bench: Bench) -> None:
    folder = bench.folder / "gguf"
    folder.mkdir()
    (folder / "model.gguf").write_bytes(b"GGUF\x03\x00\x00\x00" + bytes(60))
    run = bench.prepare(model={"path": str(folder), "gguf_file": "model.gguf"})
    assert f"{folder / 'model.gguf'} cannot be read" in failure(run)["message"]
    assert not list((bench.folder / "cache" / "models").iterdir())


def test_rows_without_anything_to_learn_end_the_run(bench: Bench) -> None:
    found = failure(bench.prepare(rows=[{"id": "q", "messages": [{"role": "user", "content": "only a question"}]}]))
    assert found["code"] == "no_supervised_tokens"
    assert found["rows"] == ["q"]


def test_data_weights_that_leave_no_row_end_the_run(bench: Bench) -> None:
    assert failure(bench.prepare(data=[{"path": "train.jsonl", "weight": 0.001}]))["code"] == "no_rows"


def test_data_that_changed_since_the_run_was_made_is_refused(bench: Bench) -> None:
    assert failure(bench.prepare(data=[{"path": "train.jsonl", "sha256": "0" * 64}]))["code"] == "data_changed"


def poisoned(bench: Bench) -> dict[str, Any]:
    """A spec whose row 2 alone has a loss that is no number."""
    model = make_tiny_model(bench.folder / "poisoned", tied=False)
    stored = load_file(model / "model.safetensors")
    chat = load_chat(Source(model, None, ModelSpec(str(model))))
    stored["model.embed_tokens.weight"][chat.tokenizer("Z")["input_ids"]] = np.nan
    save_file(stored, model / "model.safetensors", metadata={"format": "pt"})
    return {"model": {"path": str(model)}, "rows": [row(1, "a", "b" * 9), row(2, "c", "Zzz"), row(3, "d", "e")]}


def test_a_non_finite_loss_names_the_rows(bench: Bench) -> None:
    found = failure(bench.prepare(**poisoned(bench)))
    assert found["code"] == "non_finite_loss"
    assert found["rows"] == ["row-2"]


def test_too_little_memory_says_what_to_lower(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(self: Loop, rows: Any) -> dict[str, float]:
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: 64 GB")

    monkeypatch.setattr(Loop, "step", too_much)
    found = failure(bench.prepare())
    assert found["code"] == "out_of_memory"
    assert "config.micro_tokens" in found["message"]


def test_a_second_process_in_the_same_folder_does_nothing(bench: Bench) -> None:
    run = bench.prepare()
    with (run / "lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert main([str(run)]) == 1
    assert not (run / "events.jsonl").exists()


def test_an_attempt_with_an_older_fencing_token_is_turned_away(bench: Bench) -> None:
    run = bench.train(fence=7)
    before = (run / "events.jsonl").read_text()
    spec = json.loads((run / "spec.json").read_text())
    (run / "spec.json").write_text(json.dumps(spec | {"fence": 6}))
    assert main([str(run)]) == 1
    assert (run / "events.jsonl").read_text() == before


def test_an_event_line_left_half_written_is_cut_off(bench: Bench) -> None:
    run = bench.prepare(rows=uneven_rows(4))
    (run / "events.jsonl").write_text('{"v": 1, "seq": 0, "type": "start"}\n{"v": 1, "se')
    assert main([str(run)]) == 0
    assert [event["seq"] for event in events(run)] == list(range(len(events(run))))
