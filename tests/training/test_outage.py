"""The embedded server killed under a run, on a service of its own: what is lost must be nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from unittest.mock import ANY

import pytest
from django.conf import settings

SET_UP = """
import os, sys, django
os.environ["DJANGO_SETTINGS_MODULE"] = "sftlab.settings"
django.setup()
from pathlib import Path
from sftlab.accounts.models import User
from tests.factories import training as make
admin = User.objects.create(username="admin", is_superuser=True)
folder = Path(sys.argv[1])
base, data = make.model(admin, folder), make.version(admin)
options = {"epochs": 40.0, "batch_size": 1, "save_every": 320, "eval_every": 320}
for _ in range(2):
    print(make.run(admin, folder, base=base, data=data, **options).uuid)
"""
LOOK = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "sftlab.settings"
django.setup()
from training.models import Metric, Run
for run in Run.objects.order_by("pk"):
    steps = Metric.objects.filter(attempt__run=run, kind="train").values_list("step", flat=True)
    tuned = getattr(run, "tuned", None)
    said = {"status": run.status, "attempts": run.attempts.count(), "steps": sorted(steps)}
    print(json.dumps(said | {"weights": tuned and tuned.adapter_sha256}))
"""


@pytest.fixture
def service(tmp_path):
    """`service("manage.py", "migrate")` runs one command on a service with its own embedded server."""
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment |= {"SFTLAB_VAR": str(tmp_path / "var"), "OMP_NUM_THREADS": "1", "SFTLAB_LOG_LEVEL": "ERROR"}

    def command(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    command.environment = environment
    return command


def wait_for(condition, seconds=150, pause=0.2):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(pause)


def test_a_killed_database_costs_a_run_no_point_no_attempt_and_no_bit_of_its_weights(service, tmp_path):
    service("manage.py", "migrate", "--verbosity", "0")
    killed, calm = service("-c", SET_UP, str(tmp_path)).split()
    runs = tmp_path / "var" / "runs"
    events = runs / killed / "events.jsonl"
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--queues", "gpu"], cwd=settings.BASE_DIR, env=service.environment
    )

    def look():
        return [json.loads(line) for line in service("-c", LOOK).splitlines()]

    try:
        wait_for(lambda: events.exists() and events.read_text().count('"train"') > 20)
        postmaster = int((tmp_path / "var" / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        assert not events.with_name("result.json").exists()
        wait_for((runs / calm / "result.json").exists)
        wait_for(lambda: [run["status"] for run in look()] == ["finished"] * 2, pause=3)
        disturbed, left_alone = look()
        assert disturbed == {"status": "finished", "attempts": 1, "steps": list(range(1, 321)), "weights": ANY}
        assert disturbed["weights"] == left_alone["weights"]
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
