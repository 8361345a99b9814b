"""What holds RUN_DIR together: its lock with the fencing token, the wish to stop, the events."""

import contextlib
import fcntl
import json
import os
import signal
from pathlib import Path
from types import FrameType
from typing import IO

from training.trainer.errors import TrainerError


class RunDir:
    """One process at a time. SIGTERM or a file named `cancel` ask it to stop at the next safe point."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None
        self._terminated = False

    def take(self, fence: int) -> None:
        """Raises where another process holds the folder or held it under a later token."""
        self._lock = (self.path / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise TrainerError("locked", f"Another process works in {self.path}.") from None
        self._lock.seek(0)
        held = json.loads(self._lock.read() or "{}")
        if held.get("fence", 0) > fence:
            raise TrainerError("fenced", f"A later attempt (token {held['fence']}) has taken over {self.path}.")
        self._lock.truncate(0)
        self._lock.write(json.dumps({"pid": os.getpid(), "fence": fence}))
        self._lock.flush()

    def taken_by(self) -> dict[str, int]:
        """The pid and the token of the last process that took the folder."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            return dict(json.loads((self.path / "lock").read_text(encoding="utf-8")))
        return {}

    def listen(self) -> None:
        signal.signal(signal.SIGTERM, self._on_signal)

    def must_stop(self) -> bool:
        return self._terminated or (self.path / "cancel").exists()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._terminated = True
