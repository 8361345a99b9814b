"""Two gloo processes under torchrun, with whole weights and with weights in shards: the same as one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.trainer.conftest import Bench, events, result, same_bits, weights
from tests.training.trainer.test_failures import poisoned
from training.trainer.__main__ import main
from training.trainer.spec import parse_spec

ROOT = Path(__file__).parents[3]
IN_TURN = Path(__file__).with_name("in_turn.py")


SPEC: dict[str, Any] = {
    "eval_data": [{"path": "train.jsonl"}],
    "config": {"precision": "fp64", "batch_size": 5, "epochs": 2, "label_smoothing": 0.1, "patience": 9},
}
CASES: dict[str, dict[str, Any]] = {
    "whole lora": {},
    "fsdp lora": {"config": {"sharding": "fsdp"}},
    "fsdp lora in fp32": {"config": {"sharding": "fsdp", "precision": "fp32"}},
    "fsdp full": {"config": {"sharding": "fsdp"}, "method": {"name": "full"}},
    "fsdp prefix": {"config": {"sharding": "fsdp", "activation_checkpointing": False}, "method": {"name": "prefix"}},
    "fsdp dora recomputed": {
        "config": {"sharding": "fsdp", "activation_checkpointing": True, "accumulation": 2},
        "method": {"name": "dora"},
    },
}
STOPPED = "fsdp full"


def spec(case: str, *, alone: bool = False) -> dict[str, Any]:
    extra = CASES[case]
    config = SPEC["config"] | extra.get("config", {}) | ({"sharding": "none"} if alone else {})
    return SPEC | extra | {"config": config}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, tiny: Path) -> Bench:
    """Every case trained by the same two processes, since starting them is what takes long."""
    bench = Bench(tmp_path_factory.mktemp("shared"), tiny)
    runs = [bench.prepare(case, **spec(case)) for case in CASES]
    again = bench.prepare("stopped", **spec(STOPPED))
    (again / "cancel").touch()
    faulty = bench.prepare("faulty", **poisoned(bench))
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", str(IN_TURN)]
    ended = subprocess.run(
        [sys.executable, *command, *map(str, (*runs, again, faulty))],
        cwd=ROOT,
        env=dict(os.environ, OMP_NUM_THREADS="1", PYTHONPATH=str(ROOT)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return bench


@pytest.mark.parametrize("case", CASES)
def test_two_processes_train_as_one(bench: Bench, shared: Bench, case: str) -> None:
    alone, together = bench.train("alone", **spec(case, alone=True)), shared.folder / case
    bound = 1e-4 if "fp32" in case else 1e-6
    for one, other in zip(events(alone, "train"), events(together, "train"), strict=True):
        assert other["loss"] == pytest.approx(one["loss"], abs=bound)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], abs=bound)
    assert result(together)["processes"] == 2
    for name in ("base_eval_loss", "eval_loss", "tokens", "trainable_parameters"):
        assert result(together)[name] == pytest.approx(result(alone)[name], abs=bound)
    for name, tensor in weights(alone).items():
        torch.testing.assert_close(weights(together)[name], tensor, atol=bound, rtol=0)


def test_rows_of_another_process_are_named_too(shared: Bench) -> None:
    error = result(shared.folder / "faulty")["error"]
    assert (error["code"], error["rows"]) == ("non_finite_loss", ["row-2"])


def test_a_sharded_run_that_was_stopped_ends_with_the_same_bits(shared: Bench) -> None:
    whole, again = shared.folder / STOPPED, shared.folder / "stopped"
    assert [event["resumed_from"] for event in events(again, "start")] == [None, 1]
    assert result(again)["exact"] is True
    assert same_bits(weights(whole), weights(again))


def test_a_sharded_run_goes_on_in_one_process_and_says_that_it_is_inexact(bench: Bench, shared: Bench) -> None:
    run = shared.folder / "fsdp lora"
    last = sorted((run / "checkpoints").iterdir())[-1]
    moved = bench.prepare(
        "moved",
        **spec("fsdp lora", alone=True) | {"config": spec("fsdp lora")["config"] | {"sharding": "none", "epochs": 3}},
    )
    shutil.copytree(last, moved / "checkpoints" / last.name)
    assert main([str(moved)]) == 0
    assert events(moved, "start")[-1]["resumed_from"] == 6
    assert result(moved)["exact"] is False


def test_what_a_sharded_run_lacks_is_listed_with_what_to_install(bench: Bench) -> None:
    run = bench.prepare(config={"sharding": "zero3", "epochs": 0})
    assert main([str(run)]) == 2
    lacking = [event["message"] for event in events(run, "error") if event["field"] == "config.sharding"]
    assert len(events(run, "error")) == 3
    assert any("torchrun" in message for message in lacking)
    assert any("pip install deepspeed" in message for message in lacking)


@pytest.mark.parametrize(
    ("sharding", "method", "precision", "field"),
    [
        ("fsdp", "adalora", "fp32", "config.sharding"),
        ("zero2", "qlora", "fp32", "config.sharding"),
        ("fsdp", "lora", "fp16", "config.precision"),
        ("zero3", "lora", "fp64", "config.precision"),
    ],
)
def test_what_cannot_be_cut_is_refused(sharding: str, method: str, precision: str, field: str) -> None:
    raw = {"version": 1, "task": "train", "model": {"path": "m"}, "data": [{"path": "d"}], "method": {"name": method}}
    _, faults = parse_spec(raw | {"config": {"sharding": sharding, "precision": precision}})
    assert [fault.field for fault in faults] == [field]
