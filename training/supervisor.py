"""One child process over one RUN_DIR, whatever happens around it.

The child inherits the descriptor of a locked file, so the kernel itself says whether it lives, to this supervisor and
to one that comes after it: a child that outlived its supervisor is adopted, or ended, before another is started. Its
output goes to a file and its events are read from one, so nothing that fails on this side holds it up.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from sftlab.errors import Unavailable
from sftlab.postgres import DatabaseUnavailable
from training.events import Event, read_events
from training.holder import Holder, is_held, locked_file
from training.retries import HandedBack
from training.trainer.run_dir import RunDir
from training.trainer.threads import WAITING

log = logging.getLogger(__name__)

Ending = Literal["done", "stopped", "cancelled", "bad_spec", "failed", "killed", "hung", "lease_lost"]
OUTAGES = (OperationalError, InterfaceError, DatabaseUnavailable)
ENDINGS: Mapping[object, Ending] = {"done": "done", "stopped": "stopped", "bad_spec": "bad_spec", "failed": "failed"}
"""What result.json says as its status."""
EXIT_CODES: Mapping[int | None, Ending] = {75: "stopped", 2: "bad_spec"}

STOPPING = threading.Event()
"""Set by the worker when it is asked to stop: children write a checkpoint, and their jobs are handed back."""


class LeaseLost(Exception):
    """Another attempt owns the work now; raised by the callbacks."""


@dataclass(frozen=True)
class Limits:
    """Seconds."""

    poll: float = 0.2
    look: float = 1.0
    """Between two looks whether to cancel."""
    heartbeat: float = 5.0
    grace: float = 30.0
    """Between the wish to stop and SIGTERM, and again until SIGKILL."""
    silence: float = 1800.0
    """Without any event before the child counts as hung."""


@dataclass(frozen=True)
class Outcome:
    ending: Ending
    exit_code: int | None = None
    """None when the child was adopted: only its parent learns it."""
    result: dict[str, Any] = field(default_factory=dict)
    errors: list[Event] = field(default_factory=list)
    """The child's `error` events, or the error in its result."""
    adopted: bool = False

    @property
    def message(self) -> str:
        return " ".join(str(error.get("message", "")) for error in self.errors)


def supervise(
    run_dir: Path,
    command: Sequence[str],
    *,
    on_events: Callable[[list[Event], int], None],
    should_cancel: Callable[[], bool] = lambda: False,
    heartbeat: Callable[[], object] = lambda: None,
    fence: int = 0,
    offset: int = 0,
    limits: Limits = Limits(),
    environment: Mapping[str, str] | None = None,
) -> Outcome:
    """Start `command` over `run_dir`, or adopt the one that runs there, and stay until it is confirmed dead.

    `on_events(events, offset)` is called with what was appended to events.jsonl; when it raises a database error it is
    called again with the same events, so it should keep the offset in the transaction that keeps the events, and hand
    it in again as `offset` next time. `heartbeat` renews the lease; when it or `on_events` raises LeaseLost, the child
    is left to the lease's new owner. A RUN_DIR that already holds a finished result is not run again. `fence` must not
    be lower than that of whoever ran here before.
    """
    return _Supervision(
        run_dir, list(command), on_events, should_cancel, heartbeat, fence, offset, limits, environment or {}
    ).run()


def log_tail(run_dir: Path, lines: int = 80) -> str:
    """The end of what the child printed; torchrun's report on its processes takes forty lines of it."""
    with contextlib.suppress(OSError), (run_dir / "log.txt").open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - 200 * lines))
        return "\n".join(file.read().decode(errors="replace").splitlines()[-lines:])
    return ""


@dataclass
class _Supervision:
    run_dir: Path
    command: list[str]
    on_events: Callable[[list[Event], int], None]
    should_cancel: Callable[[], bool]
    heartbeat: Callable[[], object]
    fence: int
    offset: int
    limits: Limits
    environment: Mapping[str, str]

    child: "_Child | None" = None
    errors: list[Event] = field(default_factory=list)
    wish: Literal["cancelled", "stopped", "hung"] | None = None
    wished_at: float = 0.0
    last_event: float = field(default_factory=time.monotonic)
    next_beat: float = 0.0
    next_look: float = 0.0
    quiet_until: float = 0.0

    def run(self) -> Outcome:
        self.run_dir.mkdir(parents=True, exist_ok=True)
        before = Holder.read(self.run_dir)
        if before is not None and before.fence > self.fence:
            return Outcome("lease_lost")
        if not is_held(self.run_dir) and self._result().get("status") == "done":
            return self._finish(0)
        self.child = self._adopt_or_start(before)
        try:
            return self._watch(self.child)
        except LeaseLost:
            return Outcome("lease_lost", adopted=isinstance(self.child, _Adopted))
        except BaseException:
            self.child.end(self.limits.grace)
            raise

    def _adopt_or_start(self, before: Holder | None) -> "_Child":
        if is_held(self.run_dir):
            if before is not None and before.is_here() and before.command == self.command:
                log.info("adopting process %s in %s", before.pid, self.run_dir)
                replace(before, fence=self.fence).write(self.run_dir)
                return _Adopted(self.run_dir, before)
            self._end_stranger(before)
        return _start(self.run_dir, self.command, self.fence, self.environment)

    def _end_stranger(self, before: Holder | None) -> None:
        """Who holds RUN_DIR can't be adopted: it is asked to stop, made to when it is on this host, or waited for."""
        (self.run_dir / "cancel").touch()
        if before is not None and before.is_here():
            _Adopted(self.run_dir, before).end(self.limits.grace)
        elif not _wait(lambda: not is_held(self.run_dir), self.limits.grace):
            raise Unavailable(f"Another process still works in {self.run_dir}.", code="held")

    def _watch(self, child: "_Child") -> Outcome:
        while child.alive():
            self._pump()
            self._beat()
            self._look_for_a_wish()
            self._press(child)
            time.sleep(self.limits.poll)
        return self._finish(child.exit_code())

    def _pump(self) -> bool:
        """Hands on what the child has written; False when the database could not take it."""
        events, offset = read_events(self.run_dir / "events.jsonl", self.offset)
        if not events:
            return True
        self.last_event = time.monotonic()
        if not self._reached(lambda: self.on_events(events, offset)):
            return False
        self.errors += [event for event in events if event.get("type") == "error"]
        self.offset = offset
        return True

    def _reached(self, call: Callable[[], object]) -> bool:
        """False when the database is away; it is left alone for a second then."""
        if time.monotonic() < self.quiet_until:
            return False
        try:
            call()
        except OUTAGES as error:
            log.warning("the database is away, %s goes on without it: %s", self.run_dir.name, error)
            with contextlib.suppress(*OUTAGES):
                connection.close()
            self.quiet_until = time.monotonic() + 1.0
            return False
        return True

    def _beat(self) -> None:
        if time.monotonic() >= self.next_beat and self._reached(self.heartbeat):
            self.next_beat = time.monotonic() + self.limits.heartbeat

    def _look_for_a_wish(self) -> None:
        if self.wish is not None:
            return
        if time.monotonic() - self.last_event > self.limits.silence:
            self._want("hung")
        elif STOPPING.is_set():
            self._want("stopped")
        elif time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + self.limits.look
            self._reached(self._look_for_cancel)

    def _look_for_cancel(self) -> None:
        if self.should_cancel():
            self._want("cancelled")

    def _want(self, wish: Literal["cancelled", "stopped", "hung"]) -> None:
        self.wish, self.wished_at = wish, time.monotonic()
        if wish == "cancelled":
            (self.run_dir / "cancel").touch()

    def _press(self, child: "_Child") -> None:
        if self.wish is None:
            return
        waited = time.monotonic() - self.wished_at
        first = self.limits.grace if self.wish == "cancelled" else 0.0
        if waited >= first + self.limits.grace:
            child.signal(signal.SIGKILL)
        elif waited >= first and not child.told:
            child.told = True
            child.signal(signal.SIGTERM)

    def _finish(self, exit_code: int | None) -> Outcome:
        while not self._pump():
            if STOPPING.is_set():
                raise HandedBack
            time.sleep(self.limits.poll)
        result = self._result()
        errors = self.errors or ([result["error"]] if "error" in result else [])
        return Outcome(self._ending(exit_code), exit_code, result, errors, isinstance(self.child, _Adopted))

    def _ending(self, exit_code: int | None) -> Ending:
        """The child's own word first: a launcher such as torchrun ends with 1 however its processes ended."""
        said = ENDINGS.get(self._result().get("status")) or EXIT_CODES.get(exit_code)
        if self.wish is not None and said != "done":
            return self.wish
        if said is not None:
            return said
        if self.errors:
            return "failed"
        return "killed" if exit_code is None or exit_code < 0 or self._was_launched() else "failed"

    def _was_launched(self) -> bool:
        """Whether the child was not the trainer but what started it."""
        taken = RunDir(self.run_dir).taken_by()
        holder = Holder.read(self.run_dir)
        return taken.get("fence") == self.fence and holder is not None and taken.get("pid") != holder.pid

    def _result(self) -> dict[str, Any]:
        """What the child said at its end; empty before it and when it was killed."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return dict(json.loads((self.run_dir / "result.json").read_text(encoding="utf-8")))
        return {}


class _Child:
    told = False

    def alive(self) -> bool:
        raise NotImplementedError

    def exit_code(self) -> int | None:
        raise NotImplementedError

    def signal(self, number: int) -> None:
        """To the child and all that it started."""
        raise NotImplementedError

    def end(self, grace: float) -> None:
        """SIGTERM, SIGKILL, and dead when this returns."""
        self.signal(signal.SIGTERM)
        if not _wait(lambda: not self.alive(), grace):
            self.signal(signal.SIGKILL)
            _wait(lambda: not self.alive(), grace)


class _Started(_Child):
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def alive(self) -> bool:
        return self.process.poll() is None

    def exit_code(self) -> int | None:
        return self.process.wait()

    def signal(self, number: int) -> None:
        if self.alive():
            os.killpg(self.process.pid, number)


class _Adopted(_Child):
    def __init__(self, run_dir: Path, holder: Holder) -> None:
        self.run_dir, self.holder = run_dir, holder

    def alive(self) -> bool:
        return is_held(self.run_dir)

    def exit_code(self) -> int | None:
        return None

    def signal(self, number: int) -> None:
        if self.holder.is_here():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.holder.pid, number)


def _start(run_dir: Path, command: list[str], fence: int, environment: Mapping[str, str]) -> _Child:
    for left_over in ("cancel", "result.json"):
        (run_dir / left_over).unlink(missing_ok=True)
    with locked_file(run_dir) as lock, (run_dir / "log.txt").open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=settings.BASE_DIR,
            env={**dict(_environment()), **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[lock],
        )
        Holder.of(process.pid, command, fence).write(run_dir)
    return _Started(process)


def _environment() -> Iterator[tuple[str, str]]:
    """The service's secrets are no business of a child."""
    yield from WAITING.items()
    for name, value in os.environ.items():
        if not name.startswith(("SFTLAB_", "DATABASE_", "PG")):
            yield name, value
    yield "PYTHONUNBUFFERED", "1"
    yield "PYTHONHASHSEED", "0"  # peft writes a set's members in the order of their hashes


def _wait(condition: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
