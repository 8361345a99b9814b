import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from django.db import OperationalError

from sftlab.errors import Unavailable
from training import supervisor
from training.holder import Holder, is_held, locked_file
from training.supervisor import LeaseLost, Limits, Outcome, log_tail, supervise

CHILD = Path(__file__).with_name("child.py")
QUICK = Limits(poll=0.02, look=0.02, heartbeat=0.02, grace=0.4, silence=60)


class Watcher:
    """The callbacks, and what they were told."""

    def __init__(self) -> None:
        self.events: list[dict] = []
        self.offset = 0
        self.cancel = self.lost = False
        self.outages = 0

    def on_events(self, events: list[dict], offset: int) -> None:
        if self.outages:
            self.outages -= 1
            raise OperationalError("server closed the connection unexpectedly")
        self.events += events
        self.offset = offset

    def heartbeat(self) -> None:
        if self.lost:
            raise LeaseLost

    def steps(self) -> list[int]:
        return [event["step"] for event in self.events if event["type"] == "train"]


def command(run_dir: Path) -> list[str]:
    return [sys.executable, str(CHILD), str(run_dir)]


def prepare(run_dir: Path, **wishes: object) -> Path:
    run_dir.mkdir(exist_ok=True)
    (run_dir / "child.json").write_text(json.dumps(wishes))
    return run_dir


def watch(run_dir: Path, watcher: Watcher, *, fence: int = 1, limits: Limits = QUICK) -> Outcome:
    return supervise(
        run_dir,
        command(run_dir),
        on_events=watcher.on_events,
        should_cancel=lambda: watcher.cancel,
        heartbeat=watcher.heartbeat,
        fence=fence,
        offset=watcher.offset,
        limits=limits,
    )


def orphan(run_dir: Path, *, fence: int = 1) -> Holder:
    """A child whose supervisor was killed."""
    script = (
        "import os, django; os.environ['DJANGO_SETTINGS_MODULE'] = 'sftlab.settings'; django.setup()\n"
        "import sys; from pathlib import Path; from training.supervisor import supervise\n"
        f"supervise(Path({str(run_dir)!r}), {command(run_dir)!r}, on_events=lambda *_: None, fence={fence})\n"
    )
    first = subprocess.Popen([sys.executable, "-c", script])
    wait_for(lambda: Holder.read(run_dir) is not None and (run_dir / "events.jsonl").exists())
    first.kill()
    first.wait()
    holder = Holder.read(run_dir)
    assert holder is not None
    assert is_held(run_dir)
    return holder


def wait_for(condition) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_events_arrive_in_order_and_the_result_is_read(tmp_path):
    watcher = Watcher()
    outcome = watch(prepare(tmp_path), watcher)
    assert (outcome.ending, outcome.exit_code) == ("done", 0)
    assert outcome.result["status"] == "done"
    assert watcher.steps() == [0, 1, 2]
    assert watcher.offset == (tmp_path / "events.jsonl").stat().st_size


def test_output_goes_to_a_file(tmp_path):
    watch(prepare(tmp_path), Watcher())
    assert log_tail(tmp_path) == "hello from the child"


def test_the_child_gets_none_of_the_service_s_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("SFTLAB_SECRET_KEY", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    outcome = watch(prepare(tmp_path), Watcher())
    assert not {"SFTLAB_SECRET_KEY", "DATABASE_URL"} & set(outcome.result["environment"])


def test_a_failing_child_s_own_words_are_kept(tmp_path):
    outcome = watch(prepare(tmp_path, error=True), Watcher())
    assert (outcome.ending, outcome.exit_code, outcome.message) == ("failed", 1, "It went wrong.")


def test_exit_2_is_a_bad_spec(tmp_path):
    assert watch(prepare(tmp_path, error=True, exit=2), Watcher()).ending == "bad_spec"


@pytest.mark.parametrize("status", ["done", "stopped", "bad_spec", "failed"])
def test_the_child_s_own_word_counts_before_the_exit_code_of_what_launched_it(tmp_path, status):
    assert watch(prepare(tmp_path, says={"status": status}, exit=1), Watcher()).ending == status


def test_an_error_that_is_only_in_the_result_is_kept(tmp_path):
    error = {"code": "boom", "message": "It went wrong elsewhere."}
    outcome = watch(prepare(tmp_path, says={"status": "failed", "error": error}, exit=1), Watcher())
    assert outcome.errors == [error]


def test_what_an_earlier_child_said_is_forgotten(tmp_path):
    watch(prepare(tmp_path, says={"status": "stopped"}, exit=1), Watcher())
    assert watch(prepare(tmp_path, exit=1), Watcher(), fence=2).ending == "failed"


def test_exit_1_of_a_launcher_whose_trainer_said_nothing_means_that_it_was_killed(tmp_path):
    assert watch(prepare(tmp_path, taken_by=1, exit=1), Watcher()).ending == "killed"


def test_exit_1_of_the_trainer_itself_is_a_failure_whatever_it_said(tmp_path):
    assert watch(prepare(tmp_path, exit=1), Watcher()).ending == "failed"


def test_a_program_that_cannot_start_is_a_failure_whatever_was_launched_before(tmp_path):
    watch(prepare(tmp_path, taken_by=1, exit=1), Watcher())
    broken = [sys.executable, "-c", "import nowhere"]
    assert supervise(tmp_path, broken, on_events=lambda *_: None, fence=2, limits=QUICK).ending == "failed"
    assert "nowhere" in log_tail(tmp_path)


def test_a_killed_child_is_told_from_one_that_failed(tmp_path):
    assert watch(prepare(tmp_path, die=True), Watcher()).ending == "killed"


def test_cancel_lets_the_child_write_its_checkpoint(tmp_path):
    watcher = Watcher()
    watcher.cancel = True
    outcome = watch(prepare(tmp_path, steps=1000), watcher, limits=Limits(poll=0.02, look=0.3))
    assert (outcome.ending, outcome.exit_code) == ("cancelled", 75)
    assert watcher.events[-1]["type"] == "checkpoint"


def test_a_child_deaf_to_cancel_and_to_sigterm_is_killed(tmp_path):
    watcher = Watcher()
    watcher.cancel = True
    outcome = watch(prepare(tmp_path, steps=1000, pause=0.05, deaf=True), watcher)
    assert (outcome.ending, outcome.exit_code) == ("cancelled", -signal.SIGKILL)
    assert not is_held(tmp_path)


def test_a_silent_child_is_ended_as_hung(tmp_path):
    limits = Limits(poll=0.02, grace=0.3, silence=0.5)
    assert watch(prepare(tmp_path, steps=1, pause=60), Watcher(), limits=limits).ending == "hung"


def test_a_stopping_worker_gets_its_children_back_at_a_checkpoint(tmp_path):
    timer = threading.Timer(0.5, supervisor.STOPPING.set)
    timer.start()
    try:
        outcome = watch(prepare(tmp_path, steps=1000), Watcher())
    finally:
        timer.cancel()
        supervisor.STOPPING.clear()
    assert (outcome.ending, outcome.exit_code) == ("stopped", 75)


def test_an_outage_of_the_database_loses_no_event_and_stops_no_child(tmp_path):
    watcher = Watcher()
    watcher.outages = 2
    outcome = watch(prepare(tmp_path, steps=20), watcher)
    assert outcome.ending == "done"
    assert watcher.steps() == list(range(20))


def test_a_lost_lease_leaves_the_child_to_its_new_owner(tmp_path):
    watcher = Watcher()
    watcher.lost = True
    outcome = watch(prepare(tmp_path, steps=1000), watcher)
    holder = Holder.read(tmp_path)
    assert outcome.ending == "lease_lost"
    assert holder is not None
    assert is_held(tmp_path)
    os.killpg(holder.pid, signal.SIGKILL)


def test_any_other_failure_of_a_callback_ends_the_child(tmp_path):
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        supervise(prepare(tmp_path, steps=1000), command(tmp_path), on_events=broken, limits=QUICK)
    assert not is_held(tmp_path)


def test_a_child_that_outlived_its_supervisor_is_adopted_and_its_events_are_read_once(tmp_path):
    prepare(tmp_path, steps=60, pause=0.03)
    before = orphan(tmp_path)
    watcher = Watcher()
    outcome = watch(tmp_path, watcher, fence=2)
    assert (outcome.ending, outcome.adopted) == ("done", True)
    assert {event["pid"] for event in watcher.events} == {before.pid}
    assert watcher.steps() == list(range(60))


def test_an_adopted_child_can_be_cancelled(tmp_path):
    prepare(tmp_path, steps=1000, pause=0.02)
    orphan(tmp_path)
    watcher = Watcher()
    watcher.cancel = True
    assert watch(tmp_path, watcher, fence=2).ending == "cancelled"
    assert not is_held(tmp_path)


def test_an_adopted_child_that_is_killed_counts_as_killed(tmp_path):
    prepare(tmp_path, steps=1000, pause=0.02)
    before = orphan(tmp_path)
    threading.Timer(0.3, os.killpg, (before.pid, signal.SIGKILL)).start()
    assert watch(tmp_path, Watcher(), fence=2).ending == "killed"


def test_a_child_of_another_command_is_ended_before_a_new_one_starts(tmp_path):
    prepare(tmp_path, steps=1000, pause=0.02)
    stranger = orphan(tmp_path)
    (tmp_path / "child.json").write_text(json.dumps({"steps": 2}))
    outcome = supervise(tmp_path, [*command(tmp_path), "--other"], on_events=lambda *_: None, fence=2, limits=QUICK)
    assert (outcome.ending, outcome.adopted) == ("done", False)
    assert not psutil.pid_exists(stranger.pid) or psutil.Process(stranger.pid).status() == psutil.STATUS_ZOMBIE


def test_a_holder_that_nobody_can_end_is_said(tmp_path):
    prepare(tmp_path)
    with locked_file(tmp_path), pytest.raises(Unavailable, match="still works"):
        watch(tmp_path, Watcher())


def test_an_older_fence_may_not_come_back(tmp_path):
    watch(prepare(tmp_path), Watcher(), fence=5)
    assert watch(tmp_path, Watcher(), fence=4).ending == "lease_lost"


def test_a_finished_run_dir_is_not_run_again_and_its_last_events_are_still_read(tmp_path):
    watch(prepare(tmp_path), Watcher())
    late = Watcher()
    outcome = watch(tmp_path, late, fence=2)
    assert outcome.ending == "done"
    assert late.steps() == [0, 1, 2]
    assert log_tail(tmp_path).count("hello") == 1


def test_half_a_line_waits_for_its_other_half(tmp_path):
    events = tmp_path / "events.jsonl"
    events.write_bytes(b'{"type": "a"}\n{"type": ')
    seen, offset = supervisor.read_events(events, 0)
    assert ([event["type"] for event in seen], offset) == (["a"], 14)
