"""events.jsonl: append-only, one JSON object a line, written by the one process that holds RUN_DIR."""

import json
import os
import time
from pathlib import Path
from typing import Any

VERSION = 1


class Events:
    def __init__(self, path: Path) -> None:
        self._seq = _mend(path)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def send(self, kind: str, **fields: Any) -> None:
        line = {"v": VERSION, "seq": self._seq, "time": round(time.time(), 3), "type": kind} | fields
        self._file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")
        self._seq += 1

    def progress(self, what: str, done: int, total: int, **more: float) -> None:
        self.send("progress", what=what, done=done, total=total, **more)

    def close(self) -> None:
        self._file.close()


class NoEvents(Events):
    """For the processes beside the first one of a distributed run."""

    def __init__(self) -> None:
        self._seq = 0

    def send(self, kind: str, **fields: Any) -> None:
        pass

    def close(self) -> None:
        pass


def _mend(path: Path) -> int:
    """Cuts off a line that a killed process left half-written; returns the number of the next event."""
    if not path.exists():
        return 0
    content = path.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        os.truncate(path, len(whole))
    return whole.count(b"\n")
