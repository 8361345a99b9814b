"""Runs of two processes under torchrun, which ends with 1 whatever befell them."""

import json
import os
import subprocess
import sys
import time

import pytest

from tests.factories import training as make
from tests.training.test_execution import done
from training import execution
from training.holder import start_of
from training.models import Run
from training.retries import HandedBack, TryAgain
from training.run_dirs import run_dir
from training.supervisor import Limits

pytestmark = pytest.mark.django_db
PATIENT = Limits(poll=0.05)
TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
OPTIONS = {"epochs": 20.0, "batch_size": 2, "save_every": 20, "eval_every": 80}
LAUNCHED = """
import os, time
from training.trainer.ranks import Ranks
Ranks().die_with_launcher()
print(os.getpid(), flush=True)
time.sleep(60)
"""
LAUNCHER = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {LAUNCHED!r}], start_new_session=True)
"""


@pytest.fixture
def train(admin, tmp_path, monkeypatch):
    """`train()` makes a run, as all of them are made; an attempt of it meets `trouble[attempt]`."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setattr(execution, "TRAIN", [*TORCHRUN, "-m", "tests.training.troubled"])
    base, data = make.model(admin, tmp_path), make.version(admin)

    def run(**trouble):
        made = make.run(admin, tmp_path, base=base, data=data, **OPTIONS)
        run_dir(made.uuid).mkdir(parents=True)
        (run_dir(made.uuid) / "trouble.json").write_text(json.dumps(trouble))
        return made

    return run


def resumed_from(run):
    lines = (run_dir(run.uuid) / "events.jsonl").read_text().splitlines()
    return [event["resumed_from"] for event in map(json.loads, lines) if event["type"] == "start"]


def test_stopping_torchrun_and_killing_a_process_of_it_change_no_bit_of_the_weights(train):
    calm, disturbed = train(), train(**{"1": "stopped", "2": "killed"})
    done(calm, PATIENT)
    with pytest.raises(HandedBack):
        done(disturbed, PATIENT)
    with pytest.raises(TryAgain):
        done(disturbed, PATIENT)
    done(disturbed, PATIENT)
    assert [attempt.status for attempt in disturbed.attempts.all()] == ["handed_back", "lost", "finished"]
    assert resumed_from(disturbed) == [None, 26, 40]
    assert disturbed.result["processes"] == 2
    assert disturbed.tuned.adapter_sha256 == calm.tuned.adapter_sha256


def test_a_process_that_fails_alone_fails_the_run_in_its_own_words(train):
    run = train(**{"1": "no memory"})
    done(run, PATIENT)
    assert run.status == Run.Status.FAILED
    assert run.error["code"] == "out_of_memory"
    assert "config.micro_tokens" in run.error["message"]


def test_nothing_that_a_killed_launcher_started_goes_on():
    environment = {**os.environ, "WORLD_SIZE": "2"}
    with subprocess.Popen([sys.executable, "-c", LAUNCHER], env=environment, stdout=subprocess.PIPE) as launcher:
        launched = int(launcher.stdout.readline())
        launcher.kill()
    deadline = time.monotonic() + 20
    while start_of(launched) is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
