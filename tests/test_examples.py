"""The examples of README.md and docs/api.md against a running service: each command must succeed as it is printed."""

import os
import re
import subprocess
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from evaluation.services.conformance import run_conformance
from sftlab.accounts.services import create_token, create_user
from tests.evaluation.worlds import make_world

ROOT = Path(__file__).resolve().parents[1]
PAGES = ("README.md", "docs/api.md")
PRINTED = "http://127.0.0.1:8000"
STRICT = """
set -eu
curl() { command curl --silent --show-error --fail-with-body --write-out '\\n%{http_code}\\n' "$@"; }
"""
PASSWORD = "a long enough passphrase"


def examples(page, language):
    blocks = re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    return [block for block in blocks if PRINTED in block]


@pytest.fixture
def service(live_server, db):
    """As the demo leaves it, with what the examples call $TOKEN, $MODEL and so on."""
    admin = create_user(actor=None, username="admin", password=PASSWORD, is_admin=True)
    author = create_user(actor=None, username="author", password=PASSWORD)
    world = make_world(admin, author, name="demo", visibility="public")
    run_conformance()
    kinds = {kind.upper(): str(key) for kind, key in world.kinds().items()}
    return live_server.url, {
        **{name: kinds[name] for name in ("SCORE", "STANDING", "ROW", "MODEL")},
        "BASELINE": str(world.base.uuid),
        "TOKEN": create_token(user=admin)[1],
        "EXPIRES": (timezone.now() + timedelta(days=90)).isoformat(),
        "PASSWORD": PASSWORD,
    }


def run(script, url, names, folder):
    return subprocess.run(
        ["bash", "-c", STRICT + script.replace(PRINTED, url)],
        env={"PATH": os.environ["PATH"], **names},
        cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_every_printed_example_works(service, tmp_path, capsys):
    """One test, since the service behind it takes longer to set up than the examples to run."""
    url, names = service
    time.sleep(1)  # the examples name moments by the second, and the board's was a part of one ago
    commands = [script for page in PAGES for script in examples(page, "sh")]
    assert sum(script.count("curl") for script in commands) > 15
    for script in commands:
        done = run(script, url, names, tmp_path)
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    unchanged = next(script for script in commands if "--etag-compare" in script and "board.etag" in script)
    assert "304" in run(unchanged, url, names, tmp_path).stdout.split()
    programs = [program for page in PAGES for program in examples(page, "python")]
    assert len(programs) == len(PAGES)
    for program in programs:
        exec(compile(program.replace(PRINTED, url), "example", "exec"), {"TOKEN": names["TOKEN"]})
    said = capsys.readouterr().out
    assert "[1, 2] tuned on demo's data" in said
    assert "400 [{'field': 'language'" in said
