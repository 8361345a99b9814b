"""The service and a worker as children of the demo: they start together, stop together, and never outlive it."""

import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from django.conf import settings

from sftlab.errors import Unavailable
from sftlab.process import die_with_parent

START_SECONDS = 60
STOP_SECONDS = 30


@dataclass
class _Child:
    log: Path
    command: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def restart_if_dead(self) -> None:
        if self.process.poll() is not None:
            self.process = _start(self.log, *self.command)


@contextlib.contextmanager
def service(port: int) -> Iterator[None]:
    """The web server on loopback and a worker for every queue, until the block ends; one that dies is started again."""
    _require_free(port)
    logs = settings.VAR_DIR / "log"
    logs.mkdir(parents=True, exist_ok=True)
    commands = {
        logs / "serve.log": ("serve", "--host", "127.0.0.1", "--port", str(port)),
        logs / "worker.log": ("worker", "--queues", "cpu,gpu"),
    }
    children = [_Child(log, command, _start(log, *command)) for log, command in commands.items()]
    stopping = threading.Event()
    watch = threading.Thread(target=_watch, args=(children, stopping), daemon=True)
    try:
        _wait_ready(port, children[0].process, children[0].log)
        watch.start()
        yield
    finally:
        stopping.set()
        if watch.is_alive():
            watch.join()
        _stop([child.process for child in children])


def _watch(children: list[_Child], stopping: threading.Event) -> None:
    while not stopping.wait(1):
        for child in children:
            child.restart_if_dead()


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise Unavailable(f"Port {port} is in use. Stop what listens there, or set PORT to another.") from None


def _start(log: Path, *command: str) -> subprocess.Popen[bytes]:
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, str(settings.BASE_DIR / "manage.py"), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,  # Ctrl-C reaches the demo alone, which then stops them in order
            preexec_fn=die_with_parent,  # noqa: PLW1509 - it takes no lock: one system call
        )


def _wait_ready(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/accounts/login/", timeout=5)
            return
        time.sleep(0.1)
    raise Unavailable(f"The service did not start; read {log}.")


def _stop(children: list[subprocess.Popen[bytes]]) -> None:
    for child in children:
        child.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
