"""Who works in a RUN_DIR: a file that the child keeps locked by an inherited descriptor, and a record beside it."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from sftlab.errors import Unavailable

CLOCK_SLACK = 2.0
TRIES = 20


@dataclass(frozen=True)
class Holder:
    host: str
    pid: int
    started: float
    """The process's start, since a pid alone is used again by others."""
    command: list[str]
    fence: int

    @classmethod
    def of(cls, pid: int, command: list[str], fence: int) -> "Holder":
        return cls(socket.gethostname(), pid, start_of(pid) or 0.0, command, fence)

    @classmethod
    def read(cls, run_dir: Path) -> "Holder | None":
        with contextlib.suppress(OSError, ValueError, TypeError):
            return cls(**json.loads((run_dir / "holder.json").read_text(encoding="utf-8")))
        return None

    def write(self, run_dir: Path) -> None:
        beside = run_dir / f".holder.{os.getpid()}"
        beside.write_text(json.dumps(asdict(self)), encoding="utf-8")
        beside.replace(run_dir / "holder.json")

    def is_here(self) -> bool:
        """That very process runs on this host."""
        started = start_of(self.pid)
        return self.host == socket.gethostname() and started is not None and abs(started - self.started) < CLOCK_SLACK


def start_of(pid: int) -> float | None:
    """When the process started, None when there is none (a zombie is none)."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE:
            return float(process.create_time())
    return None


@contextlib.contextmanager
def locked_file(run_dir: Path) -> Iterator[int]:
    """The locked descriptor, for a child to inherit: the lock lives as long as any process has it open."""
    descriptor = os.open(run_dir / "holder.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        if not any(_try_lock(descriptor) for _ in range(TRIES)):
            raise Unavailable(f"Another process works in {run_dir}.", code="held")
        yield descriptor
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    """Not at once taken for held: whoever looks whether it is held holds it for that moment."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        time.sleep(0.01)
        return False
    return True


def is_held(run_dir: Path) -> bool:
    try:
        descriptor = os.open(run_dir / "holder.lock", os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
