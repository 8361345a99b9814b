"""Two gloo processes under torchrun: the same loss, gradient norm and weights as one."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.training.trainer.conftest import Bench, events, result, weights

ROOT = Path(__file__).parents[3]


def torchrun(run: Path) -> None:
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", "-m", "training.trainer", str(run)]
    ended = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=dict(os.environ, OMP_NUM_THREADS="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-3000:]


def test_two_processes_train_as_one(bench: Bench) -> None:
    spec: dict[str, Any] = {
        "eval_data": [{"path": "train.jsonl"}],
        "config": {"precision": "fp64", "batch_size": 5, "epochs": 2, "label_smoothing": 0.1},
    }
    alone, shared = bench.train("alone", **spec), bench.prepare("shared", **spec)
    torchrun(shared)
    assert result(shared)["processes"] == 2
    for one, other in zip(events(alone, "train"), events(shared, "train"), strict=True):
        assert other["loss"] == pytest.approx(one["loss"], abs=1e-6)
        assert other["grad_norm"] == pytest.approx(one["grad_norm"], abs=1e-6)
    assert result(shared)["eval_loss"] == pytest.approx(result(alone)["eval_loss"], abs=1e-6)
    for name, tensor in weights(alone).items():
        torch.testing.assert_close(weights(shared)[name], tensor, atol=1e-6, rtol=0)
