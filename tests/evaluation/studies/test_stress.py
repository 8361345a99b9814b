"""The promises to raters, over HTTP, with the service killed in the middle and started again."""

import json
import os
import subprocess
import sys

import pytest

ITEMS = 20


@pytest.mark.slow
def test_a_killed_service_leaves_exact_raters_no_lost_vote_and_balanced_sides():
    command = [sys.executable, "-m", "tests.evaluation.studies.stress", "--items", str(ITEMS), "--kills", "2"]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SFTLAB_VAR")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["units_exact"] == found["units"] == ITEMS * 6
    assert (found["lost"], found["unacknowledged"], found["same_rater_twice"]) == (0, 0, 0)
    assert found["most_off_balance"] <= 1
    assert found["cut_off"] > 0
    assert all(status < 500 for status in found["statuses"])
