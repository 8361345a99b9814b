"""`make demo`'s command, whole, in a process of its own with state of its own; the model is tiny but real."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from sftlab.postgres import ensure_running, leave
from tests.factories.tiny_model import make_tiny_model

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 280
WORK = "annotation_response r JOIN annotation_item i ON i.id = r.item_id AND i.lane = 'work'"
"""How often a script meets hidden gold depends on who was handed what; what it was asked for does not."""
COUNTED = (
    "accounts_user", "annotation_item", WORK, "annotation_review", "annotation_datasetversion",
    "training_languagemodel", "training_run", "evaluation_evalset", "evaluation_output", "evaluation_vote",
    "evaluation_leaderboard",
)  # fmt: skip

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("demo"), pytest.mark.timeout(900)]


class Demo:
    """One installation, and the demo played on it."""

    def __init__(self, folder: Path, metrics: str = "bleu,rougeL,chrf") -> None:
        self.metrics = metrics
        self.var = folder / "var"
        self.model = make_tiny_model(folder / "model")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.env = {**os.environ, "SFTLAB_VAR": str(self.var), "OMP_NUM_THREADS": "1"}
        self.env.pop("DATABASE_URL", None)
        self._manage("migrate", "--verbosity", "0").wait(60)

    def _manage(self, *command: str) -> subprocess.Popen[str]:
        out = (self.var.parent / "out.txt").open("a")
        return subprocess.Popen(
            [sys.executable, "manage.py", *command], cwd=ROOT, env=self.env, stdout=out, stderr=out, text=True
        )

    def start(self) -> subprocess.Popen[str]:
        options = ("--port", str(self.port), "--model", str(self.model), "--metrics", self.metrics)
        return self._manage("demo", "--no-serve", *options)

    def play(self) -> None:
        assert self.start().wait(SECONDS) == 0, self.said

    @property
    def said(self) -> str:
        return (self.var.parent / "out.txt").read_text()

    def counts(self) -> dict[str, int]:
        address = ensure_running(self.var / "postgres")
        with psycopg.connect(host=address.host, port=address.port, user=address.user, dbname="sftlab") as connection:
            counts = {}
            for table in COUNTED:
                row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
                counts[table] = row[0] if row else 0
        leave(self.var / "postgres")
        return counts

    def processes(self, *words: str) -> list[int]:
        """Processes of this installation whose command line holds all words."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            mine = f"SFTLAB_VAR={self.var}" in environment or str(self.var) in line
            if mine and all(word in line for word in words):
                found.append(int(entry.name))
        return found


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    made = Demo(tmp_path_factory.mktemp("demo"), "bleu,rougeL,bertscore")
    made.play()
    return made


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def test_the_whole_loop_ends_in_a_leaderboard_of_both_models(demo: Demo) -> None:
    summary = json.loads((demo.var / "demo.json").read_text())
    assert {row["model"]["name"] for row in summary["leaderboard"]["rows"]} == {
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M, tuned on the demo's data",
    }
    assert all(row["scripted"] for row in summary["leaderboard"]["rows"])
    assert summary["eval_loss"] < summary["base_eval_loss"]
    assert summary["training_tokens_per_s"] > 0


def test_a_second_run_adds_nothing(demo: Demo) -> None:
    before = demo.counts()
    demo.play()
    assert demo.counts() == before


def test_nothing_is_left_running(demo: Demo) -> None:
    wait_until(lambda: not demo.processes(), 20)


@pytest.mark.parametrize("victim", [("serve",), ("worker",), ("postgres", "-D")], ids=["web", "worker", "database"])
def test_a_kill_in_the_middle_loses_nothing_and_the_next_run_comes_through(tmp_path: Path, demo: Demo, victim) -> None:
    hurt = Demo(tmp_path)
    running = hurt.start()
    wait_until(lambda: "Freeze a dataset version:" in hurt.said or running.poll() is not None)
    for pid in hurt.processes(*victim):
        os.kill(pid, signal.SIGKILL)
    running.wait(SECONDS)
    hurt.play()
    assert {**hurt.counts()} == demo.counts()
