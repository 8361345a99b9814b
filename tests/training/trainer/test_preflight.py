import numpy as np
import pytest

from tests.training.trainer.conftest import Bench, result, row, uneven_rows, weights
from training.trainer import preflight


def test_the_first_rows_are_shown_with_what_is_learnt(bench: Bench) -> None:
    found = result(bench.train(task="preflight", rows=[row(1, "Question", "你好")]))["rows"][0]
    assert found["id"] == "row-1"
    assert "".join(token["text"] for token in found["tokens"] if token["supervised"]) == "你好<|im_end|>"


def test_rows_tokens_and_steps_are_counted(bench: Bench) -> None:
    rows = [*uneven_rows(9), row(99, "q", "a" * 500)]
    found = result(bench.train(task="preflight", rows=rows, config={"max_length": 300, "epochs": 2}))["counts"]
    assert found["rows"] == 9
    assert found["steps"] == 6
    assert found["dropped"] == {"too_long": {"count": 1, "ids": ["row-99"]}}
    assert 0 < found["supervised_share"] < 1


def test_memory_and_time_are_estimated_from_a_real_step(bench: Bench) -> None:
    found = result(bench.train(task="preflight"))
    assert found["memory"]["fits"]
    assert 0 < found["memory"]["peak_mb"] < found["memory"]["available_mb"]
    assert found["time"]["planned_tokens"] == found["counts"]["tokens"]
    assert found["time"]["seconds"] > 0


def test_what_will_not_fit_is_refused_with_a_reason(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "available_mb", lambda: -1e6)
    found = result(bench.train(task="preflight", config={"device": "cpu"}))["memory"]
    assert not found["fits"]
    assert "lower micro_tokens" in found["reason"]


def test_a_preflight_leaves_no_weights_behind(bench: Bench) -> None:
    run = bench.train(task="preflight")
    assert not weights(run)
    assert not list((run / "checkpoints").iterdir())


def test_the_step_tried_is_the_one_with_the_largest_pass(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = []
    step = preflight.Loop.step
    monkeypatch.setattr(preflight.Loop, "step", lambda self, rows: (tried.append(rows), step(self, rows))[1])
    rows = [*uneven_rows(11), row(50, "q", "long " * 80)]
    bench.train(task="preflight", rows=rows)
    assert 11 in np.asarray(tried[0])


def test_a_run_in_shards_is_tried_in_one_process_and_not_refused_for_its_memory(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "available_mb", lambda: -1e6)
    found = result(bench.train(task="preflight", config={"sharding": "fsdp"}))
    assert found["memory"]["fits"]
    assert found["time"]["seconds"] > 0
