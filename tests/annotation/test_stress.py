"""The promises of handing out work, over HTTP, with clients and server falling over."""

import json
import os
import subprocess
import sys

import pytest

ITEMS = 500


@pytest.mark.slow
@pytest.mark.parametrize("kills", [0, 3])
def test_every_item_ends_with_exactly_three_people_and_nothing_acknowledged_is_lost(kills):
    command = [sys.executable, "-m", "tests.annotation.stress", "--items", str(ITEMS), "--kills", str(kills)]
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "SFTLAB_VAR")}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=280, check=False)
    assert ran.returncode == 0, ran.stderr[-2000:]
    found = json.loads(ran.stdout.splitlines()[-1])
    assert found["items_exact"] == ITEMS
    assert found["lost"] == 0
    assert all(status < 500 for status in found["statuses"])
