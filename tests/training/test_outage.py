"""The embedded server killed under a run, on a service of its own: what is lost must be nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

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
print(make.run(admin, folder, base=base, data=data).uuid)
"""
LOOK = """
import json, os, django
os.environ["DJANGO_SETTINGS_MODULE"] = "sftlab.settings"
django.setup()
from training.models import Metric, Run
run = Run.objects.get()
steps = Metric.objects.filter(attempt__run=run, kind="train").values_list("step", flat=True)
print(json.dumps({"status": run.status, "attempts": run.attempts.count(), "steps": sorted(steps)}))
"""


@pytest.fixture
def service(tmp_path):
    """`service("manage.py", "migrate")` runs one command on a service with its own embedded server."""
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment |= {"SFTLAB_VAR": str(tmp_path / "var"), "OMP_NUM_THREADS": "1", "SFTLAB_LOG_LEVEL": "ERROR"}
    environment["SFTLAB_TRAINER"] = f"{sys.executable} {Path(__file__).with_name('child.py')}"

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


def test_a_killed_database_costs_a_run_neither_a_point_nor_an_attempt(service, tmp_path):
    service("manage.py", "migrate", "--verbosity", "0")
    run_dir = tmp_path / "var" / "runs" / service("-c", SET_UP, str(tmp_path)).strip()
    run_dir.mkdir(parents=True)
    (run_dir / "child.json").write_text(json.dumps({"steps": 500, "pause": 0.02}))
    worker = subprocess.Popen(
        [sys.executable, "manage.py", "worker", "--queues", "gpu"], cwd=settings.BASE_DIR, env=service.environment
    )
    try:
        events = run_dir / "events.jsonl"
        wait_for(lambda: events.exists() and events.read_text().count('"train"') > 50)
        postmaster = int((tmp_path / "var" / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
        os.kill(postmaster, signal.SIGKILL)
        wait_for((run_dir / "result.json").exists)
        wait_for(lambda: json.loads(service("-c", LOOK))["status"] == "finished", pause=3)
        assert json.loads(service("-c", LOOK)) == {"status": "finished", "attempts": 1, "steps": list(range(500))}
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(60)
