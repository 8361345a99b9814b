"""The service and a worker as children of the demo: they start together, stop together, and never outlive it."""

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from django.conf import settings

from sftlab.errors import Unavailable
from sftlab.process import die_with_parent

START_SECONDS = 60
STOP_SECONDS = 30


@contextlib.contextmanager
def service(port: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """The web server on loopback and a worker for every queue, until the block ends."""
    _require_free(port)
    logs = settings.VAR_DIR / "log"
    logs.mkdir(parents=True, exist_ok=True)
    children = [
        _start(logs / "serve.log", "serve", "--host", "127.0.0.1", "--port", str(port)),
        _start(logs / "worker.log", "worker", "--queues", "cpu,gpu"),
    ]
    try:
        _wait_ready(port, children[0], logs / "serve.log")
        yield children
    finally:
        _stop(children)


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
            preexec_fn=die_with_parent,  # noqa: PLW1509 - this process has one thread
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
