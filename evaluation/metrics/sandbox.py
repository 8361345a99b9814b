"""Programs that nobody trusts, each in a locked-down process of its own."""

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from evaluation.metrics import sandbox_launcher
from evaluation.metrics.base import NotComputed

GRACE = 2.0

PROBE = """
import os, socket, threading

def refused(act):
    try:
        act()
    except (OSError, RuntimeError, MemoryError):
        return
    raise SystemExit(1)

refused(lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
refused(lambda: socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
refused(os.fork)
refused(lambda: os.execv("/bin/true", ["true"]))
refused(lambda: os.kill(os.getppid(), 0))
refused(threading.Thread(target=print).start)
refused(lambda: open("written", "w"))
refused(lambda: os.remove("kept"))
refused(lambda: bytearray({bytes}))
"""


def passes(program: str, *, seconds: int, megabytes: int) -> bool:
    """Whether the program runs to its end within the limits; what it prints is thrown away."""
    secret = secrets.token_hex(16)
    task = {"program": program, "secret": secret, "seconds": seconds, "megabytes": megabytes}
    with tempfile.TemporaryDirectory(prefix="sftlab-sandbox-") as folder:
        (Path(folder) / "kept").touch()
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", sandbox_launcher.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={},
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(json.dumps(task).encode(), timeout=seconds + GRACE)
        except subprocess.TimeoutExpired:
            return False
        finally:
            _end(process)
    return process.returncode == 0 and out.decode("utf-8", "replace").endswith(secret)


def _end(process: "subprocess.Popen[bytes]") -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


@cache
def require_isolation(megabytes: int) -> None:
    """Tries what must not be possible; ``NotComputed`` where this machine cannot refuse it."""
    if not passes(PROBE.replace("{bytes}", str(2 * megabytes << 20)), seconds=10, megabytes=megabytes):
        raise NotComputed(
            "generated code is not run: this machine cannot take network, processes and files away from it"
            " (Linux with seccomp on x86-64 or arm64 can)"
        )
