"""The embedded server: shared, durable, back after a kill, gone with its last user. Each test has its own folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

ROOT = Path(__file__).resolve().parents[2]
USE = """
import sys, time
from pathlib import Path
from sftlab.postgres import ensure_running
address = ensure_running(Path(sys.argv[1]))
print(address.host, address.port, flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the server until it is told to leave."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USE, str(folder)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    @property
    def address(self) -> dict[str, str]:
        assert self.process.stdout is not None
        host, port = self.process.stdout.readline().split()
        return {"host": host, "port": port, "user": "postgres", "dbname": "sftlab"}

    def leave(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def folder(tmp_path):
    yield tmp_path / "postgres"
    wait_until(lambda: not server_pid(tmp_path / "postgres"))


def server_pid(folder: Path) -> int | None:
    try:
        pid = int((folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, 0)
    except (OSError, IndexError, ValueError):
        return None
    return pid


def wait_until(condition, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.1)


def value(address: dict[str, str], sql: str) -> object:
    with psycopg.connect(**address, autocommit=True) as connection:
        row = connection.execute(sql).fetchone()
        return row and row[0]


def test_processes_share_one_durable_server_that_goes_with_the_last(folder):
    first, second = User(folder), User(folder)
    assert first.address == (address := second.address)
    assert value(address, "SHOW fsync") == "on"
    first.leave()
    time.sleep(1)
    assert value(address, "SELECT 1") == 1
    second.leave()
    wait_until(lambda: server_pid(folder) is None)


def test_a_killed_user_does_not_keep_the_server_up(folder):
    user = User(folder)
    assert user.address
    user.kill()
    wait_until(lambda: server_pid(folder) is None)


def test_a_killed_server_comes_back_with_all_that_was_committed(folder):
    user = User(folder)
    address = user.address
    with psycopg.connect(**address, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (id int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    killed = server_pid(folder)
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: server_pid(folder) not in (None, killed) and _answers(address))
    assert value(address, "SELECT id FROM kept") == 7
    user.leave()


def _answers(address: dict[str, str]) -> bool:
    try:
        return value(address, "SELECT 1") == 1
    except psycopg.OperationalError:
        return False


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("postgresql://nobody@127.0.0.1:1/x", "Connection refused"),
        ("mysql://somewhere/x", "DATABASE_URL must look like"),
    ],
)
def test_a_wrong_database_is_one_line_and_exit_code_2(url, words):
    done = subprocess.run(
        [sys.executable, "manage.py", "serve"],
        cwd=ROOT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
