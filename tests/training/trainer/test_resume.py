"""Killed at any step and resumed: bit-equal to the run that was not killed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.training.trainer.conftest import Bench, events, result, same_bits, weights
from training.trainer.__main__ import main
from training.trainer.checkpoints import Checkpoints, verified
from training.trainer.events import Events

ROOT = Path(__file__).parents[3]
MEASURED = {"seconds", "train_seconds", "tokens_per_s", "peak_rss_mb"}
EVERYTHING: dict[str, Any] = {
    "method": {"name": "lora", "dropout": 0.3},
    "eval_data": [{"path": "train.jsonl"}],
    "config": {
        "epochs": 4,
        "batch_size": 5,
        "eval_every": 2,
        "save_every": 1,
        "schedule": "plateau",
        "plateau_patience": 0,
        "learning_rate": 0.5,
        "patience": 4,
    },
}


class Killed(BaseException):
    """As abrupt as a kill for all that is on the disk: nothing in the trainer catches it."""


@pytest.fixture
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    """Ends the process's work just before the event of that kind and step is written."""
    send = Events.send

    def arm(kind: str, step: int) -> None:
        def deadly(self: Events, sent: str, **fields: Any) -> None:
            if sent == kind and fields.get("step") == step:
                raise Killed
            send(self, sent, **fields)

        monkeypatch.setattr(Events, "send", deadly)

    return arm


def unmeasured(run: Path) -> dict[str, Any]:
    return {key: value for key, value in result(run).items() if key not in MEASURED}


@pytest.mark.parametrize("kind", ["train", "eval", "checkpoint"])
@pytest.mark.parametrize("step", [2, 4])
def test_a_killed_run_ends_with_the_same_bits(
    bench: Bench, kill_at: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch, kind: str, step: int
) -> None:
    whole = bench.train("whole", **EVERYTHING)
    cut = bench.prepare("cut", **EVERYTHING)
    kill_at(kind, step)
    with pytest.raises(Killed):
        main([str(cut)])
    monkeypatch.undo()
    assert main([str(cut)]) == 0
    assert same_bits(weights(whole), weights(cut))
    assert unmeasured(whole) == unmeasured(cut)


@pytest.mark.parametrize("method", ["full", "adalora", "prefix", "bottleneck"])
def test_other_methods_resume_to_the_same_bits(
    bench: Bench, kill_at: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    spec: dict[str, Any] = {"method": {"name": method}, "config": {"epochs": 3, "save_every": 1}}
    whole = bench.train("whole", **spec)
    cut = bench.prepare("cut", **spec)
    kill_at("train", 6)
    with pytest.raises(Killed):
        main([str(cut)])
    monkeypatch.undo()
    assert main([str(cut)]) == 0
    assert same_bits(weights(whole), weights(cut))


def test_a_resumed_run_says_where_it_went_on(
    bench: Bench, kill_at: Callable[[str, int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = bench.prepare(**EVERYTHING)
    kill_at("train", 4)
    with pytest.raises(Killed):
        main([str(run)])
    monkeypatch.undo()
    main([str(run)])
    assert [event["resumed_from"] for event in events(run, "start")] == [None, 3]
    assert [event["seq"] for event in events(run)] == list(range(len(events(run))))


def test_sigkill_in_the_middle_of_saving_leaves_the_checkpoint_before_it(bench: Bench) -> None:
    spec: dict[str, Any] = {"method": {"name": "lora", "dropout": 0.3}, "config": {"epochs": 3, "save_every": 1}}
    whole = bench.train("whole", **spec)
    cut = bench.prepare("cut", **spec)
    killer = (
        "import os, signal, sys, torch\n"
        "save = torch.save\n"
        "def deadly(content, path):\n"
        "    save(content, path)\n"
        "    if 'step-00000004' in str(path):\n"
        "        os.truncate(path, 100); os.kill(os.getpid(), signal.SIGKILL)\n"
        "torch.save = deadly\n"
        "from training.trainer.__main__ import main\n"
        "main(sys.argv[1:])\n"
    )
    command = [sys.executable, "-c", killer, str(cut)]
    ended = subprocess.run(command, cwd=ROOT, env=one_thread(), capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert [found.step for found in Checkpoints(cut / "checkpoints", 9).all()] == [2, 3]
    assert main([str(cut)]) == 0
    assert events(cut, "start")[-1]["resumed_from"] == 3
    assert same_bits(weights(whole), weights(cut))


def test_a_checkpoint_that_is_not_what_its_manifest_says_is_passed_over(bench: Bench) -> None:
    run = bench.train(config={"epochs": 2, "save_every": 1, "keep_last": 3})
    saves = Checkpoints(run / "checkpoints", 3)
    last = saves.all()[-1]
    os.truncate(last.path / "optimizer.pt", 50)
    newest = saves.newest()
    assert not verified(last.path)
    assert newest is not None
    assert newest.step == last.step - 1


def test_the_last_k_checkpoints_and_the_best_are_kept(bench: Bench) -> None:
    run = bench.train(
        method={"name": "full"},
        eval_data=[{"path": "train.jsonl"}],
        config={"epochs": 4, "learning_rate": 0.3, "schedule": "constant", "eval_every": 1, "keep_last": 2},
    )
    steps = [found.step for found in Checkpoints(run / "checkpoints", 2).all()]
    assert steps == sorted({result(run)["best_step"], 11, 12})


def test_sigterm_and_cancel_stop_at_the_end_of_a_step_with_a_checkpoint(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = bench.train("whole", config={"epochs": 2})
    send = Events.send

    def on_second_step(self: Events, kind: str, **fields: Any) -> None:
        send(self, kind, **fields)
        if kind == "train" and fields["step"] == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        if kind == "train" and fields["step"] == 4:
            (cut / "cancel").touch()

    monkeypatch.setattr(Events, "send", on_second_step)
    cut = bench.prepare("cut", config={"epochs": 2})
    assert main([str(cut)]) == 75
    assert result(cut)["status"] == "stopped"
    assert main([str(cut)]) == 75
    (cut / "cancel").unlink()
    assert main([str(cut)]) == 0
    assert [event["resumed_from"] for event in events(cut, "start")] == [None, 2, 4]
    assert same_bits(weights(whole), weights(cut))


def test_resuming_with_other_threads_is_marked_inexact(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    run = bench.prepare(config={"epochs": 2, "save_every": 1})
    (run / "cancel").touch()
    assert main([str(run)]) == 75
    (run / "cancel").unlink()
    spec = json.loads((run / "spec.json").read_text())
    (run / "spec.json").write_text(json.dumps(spec | {"config": spec["config"] | {"threads": 2}}))
    assert main([str(run)]) == 0
    assert result(run)["exact"] is False


def test_a_finished_run_started_again_changes_no_weight(bench: Bench) -> None:
    run = bench.train()
    before = weights(run)
    assert main([str(run)]) == 0
    assert same_bits(before, weights(run))


def one_thread() -> dict[str, str]:
    return dict(os.environ, OMP_NUM_THREADS="1", HF_HUB_OFFLINE="1")
