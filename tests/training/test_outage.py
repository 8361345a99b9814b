"""The embedded server killed under a run, on a service of its own: what is lost must be nothing."""

import json
import os
import signal
import subprocess
import sys
import time

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
for _ in range(2):
    options = {"epochs": 100.0, "batch_size": 1, "save_every": 200, "eval_every": 400}
    print(make.run(admin, folder, base=base, data=data, **options).uuid)
"""
LOOK = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "sftlab.settings"
django.setup()
from training.models import Metric, Run
print(json.dumps({str(run.uuid): {
    "status": run.status, "sha256": getattr(getattr(run, "tuned", None), "adapter_sha256", None),
    "steps": Metric.objects.filter(attempt__run=run, kind="train").count(), "attempts": run.attempts.count(),
} for run in Run.objects.all()}))
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


def test_a_run_comes_through_a_killed_database_with_every_point_and_the_same_weights(service, tmp_path):
    service("manage.py", "migrate", "--verbosity", "0")
    second = service("-c", SET_UP, str(tmp_path)).split()[1]
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--queues", "gpu"], cwd=settings.BASE_DIR, env=service.environment
    )
    try:
        events = tmp_path / "var" / "runs" / second / "events.jsonl"
        wait_for(lambda: events.exists() and events.read_text().count('"train"') > 50)
        postmaster = int((tmp_path / "var" / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_for(lambda: all(run["status"] == "finished" for run in json.loads(service("-c", LOOK)).values()), pause=5)
        undisturbed, disturbed = json.loads(service("-c", LOOK)).values()
        assert disturbed == undisturbed | {"attempts": disturbed["attempts"]}
        assert disturbed["steps"] == 800
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
