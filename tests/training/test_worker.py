"""The worker as a process of its own, on the tests' database, killed in the ways that happen."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings
from django.db import connection

from tests.factories import training as make
from training.holder import Holder, is_held
from training.models import Attempt, Metric, Run
from training.run_dirs import run_dir
from training.services.runs import cancel_run, resume_run

pytestmark = pytest.mark.django_db(transaction=True)
STAND_IN = {"SFTLAB_TRAINER": f"{sys.executable} {Path(__file__).with_name('child.py')}"}
"""Keeps the trainer's manners without its weight."""


def wait_for(condition, seconds=120):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


@pytest.fixture
def start_worker(var):
    """`start_worker()` starts one; what still runs at the end is killed, children too."""
    started = []

    def start(**extra):
        database = connection.settings_dict
        address = f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'])}"
        environment = {**os.environ, "DATABASE_URL": address, "SFTLAB_VAR": str(var), "OMP_NUM_THREADS": "1"} | extra
        with (var.parent / "worker.txt").open("ab") as output:
            worker = subprocess.Popen(
                [sys.executable, "manage.py", "worker", "--queues", "gpu"],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=output,
                stderr=output,
            )
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
        worker.wait()
    for holder in filter(None, (Holder.read(folder.parent) for folder in var.glob("runs/*/holder.json"))):
        if holder.is_here():
            os.killpg(holder.pid, signal.SIGKILL)


@pytest.fixture
def run(admin, tmp_path):
    made = make.run(admin, tmp_path)
    run_dir(made.uuid).mkdir(parents=True)
    (run_dir(made.uuid) / "child.json").write_text(json.dumps({"steps": 100_000, "pause": 0.02}))
    return made


def status(run):
    run.refresh_from_db()
    return run.status


def steps(run):
    return Metric.objects.filter(attempt__run=run, kind="train").count()


def expire(run):
    """As time would: the dead worker's job counts as stalled after half a minute."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")


def test_killing_the_child_and_the_worker_changes_no_bit_of_the_weights(admin, tmp_path, start_worker):
    base, data = make.model(admin, tmp_path), make.version(admin)
    options = {"epochs": 60.0, "batch_size": 1, "save_every": 60, "eval_every": 480}
    killed, calm = (make.run(admin, tmp_path, base=base, data=data, **options) for _ in range(2))
    first = start_worker()
    wait_for(lambda: status(killed) and killed.progress.get("checkpoint"))
    os.killpg(Holder.read(run_dir(killed.uuid)).pid, signal.SIGKILL)
    wait_for(lambda: status(killed) and killed.progress.get("resumed_from") and killed.progress.get("step"))
    first.kill()
    first.wait()
    expire(killed)
    start_worker()
    wait_for(lambda: status(killed) == status(calm) == Run.Status.FINISHED)
    assert killed.attempts.count() > 1
    assert killed.tuned.adapter_sha256 == calm.tuned.adapter_sha256


def test_a_killed_worker_s_child_is_adopted_by_the_next(run, start_worker):
    first = start_worker(**STAND_IN)
    wait_for(lambda: steps(run) > 5)
    child = Holder.read(run_dir(run.uuid)).pid
    first.kill()
    first.wait()
    expire(run)
    start_worker(**STAND_IN)
    wait_for(lambda: run.attempts.count() == 2)
    assert is_held(run_dir(run.uuid))
    assert Holder.read(run_dir(run.uuid)).pid == child
    wait_for(lambda: run.attempts.first().status == Attempt.Status.LOST)
    assert psutil.pid_exists(child)


def test_a_stopped_worker_leaves_nothing_running_and_the_run_in_the_queue(run, start_worker):
    worker = start_worker(**STAND_IN)
    wait_for(lambda: steps(run) > 5)
    worker.send_signal(signal.SIGINT)
    assert worker.wait(60) == 0
    assert not is_held(run_dir(run.uuid))
    assert status(run) == Run.Status.QUEUED
    assert run.attempts.get().status == Attempt.Status.HANDED_BACK


def test_a_cancelled_run_is_dead_when_it_says_so_and_can_be_resumed(run, admin, start_worker):
    start_worker(**STAND_IN)
    wait_for(lambda: steps(run) > 5)
    run.refresh_from_db()
    cancel_run(actor=admin, run=run)
    wait_for(lambda: status(run) == Run.Status.CANCELLED)
    assert not is_held(run_dir(run.uuid))
    resume_run(actor=admin, run=run)
    wait_for(lambda: status(run) == Run.Status.RUNNING and run.attempts.last().metrics.exists())
