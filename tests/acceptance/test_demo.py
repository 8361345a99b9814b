"""`make demo`'s command, whole, in a process of its own with state of its own: once with SmolLM2, and with a tiny but
real model wherever it is played more often."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

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

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


class Demo:
    """One installation, and the demo played on it."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.options = options
        self.var = folder / "var"
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
        return self._manage("demo", "--no-serve", "--port", str(self.port), *self.options)

    def started_again_until(self, step: str, running: subprocess.Popen[str]) -> subprocess.Popen[str]:
        """Waits for the end of a step; a demo that a kill has stopped before it is started again."""
        while step not in self.said:
            if running.poll() is not None:
                running = self.start()
            time.sleep(0.05)
        return running

    def play(self, seconds: float = SECONDS) -> None:
        assert self.start().wait(seconds) == 0, self.said

    @property
    def said(self) -> str:
        return (self.var.parent / "out.txt").read_text()

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.var / "demo.json").read_text())

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


def tiny_demo(folder: Path, metrics: str) -> Demo:
    return Demo(folder, "--model", str(make_tiny_model(folder / "model")), "--metrics", metrics)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    made = tiny_demo(tmp_path_factory.mktemp("demo"), "bleu,rougeL,bertscore")
    made.play()
    return made


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def assert_a_leaderboard_of_both_models(demo: Demo) -> None:
    summary = demo.summary
    assert {row["model"]["name"] for row in summary["leaderboard"]["rows"]} == {
        "SmolLM2-135M-Instruct",
        "SmolLM2-135M, tuned on the demo's data",
    }
    assert all(row["scripted"] for row in summary["leaderboard"]["rows"])
    assert summary["eval_loss"] < summary["base_eval_loss"]
    assert summary["training_tokens_per_s"] > 0


def test_the_whole_loop_with_the_model_of_the_demo(tmp_path: Path) -> None:
    made = Demo(tmp_path, "--metrics", "bleu,rougeL")
    made.play(1200)
    assert_a_leaderboard_of_both_models(made)
    assert made.summary["base_eval_loss"] - made.summary["eval_loss"] > 0.1


def test_the_whole_loop_ends_in_a_leaderboard_of_both_models(demo: Demo) -> None:
    assert_a_leaderboard_of_both_models(demo)


def test_a_second_run_adds_nothing(demo: Demo) -> None:
    before = demo.counts()
    demo.play()
    assert demo.counts() == before


def test_nothing_is_left_running(demo: Demo) -> None:
    wait_until(lambda: not demo.processes(), 20)


KILLS = [
    ("Review it:", ("serve",)),
    ("Freeze a dataset version:", ("postgres", "-D")),
    ("Fine-tune by LoRA:", ("worker",)),
]


def test_a_kill_of_each_part_in_the_middle_loses_nothing_and_the_next_run_comes_through(tmp_path: Path, demo: Demo):
    hurt = tiny_demo(tmp_path, "bleu,rougeL,chrf")
    running = hurt.start()
    for step, victim in KILLS:
        running = hurt.started_again_until(step, running)
        for pid in hurt.processes(*victim):
            os.kill(pid, signal.SIGKILL)
    running.wait(SECONDS)
    hurt.play()
    assert hurt.counts() == demo.counts()
