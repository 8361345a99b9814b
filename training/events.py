"""Reading a child's events.jsonl from where the last reader stopped."""

import json
from pathlib import Path
from typing import Any

Event = dict[str, Any]
AT_ONCE = 4 * 1024 * 1024


def read_events(path: Path, offset: int) -> tuple[list[Event], int]:
    """Whole lines after byte `offset`, and the byte after the last of them; a line still being written is left."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            chunk = file.read(AT_ONCE)
    except FileNotFoundError:
        return [], offset
    whole = chunk[: chunk.rfind(b"\n") + 1]
    return [event for line in whole.splitlines() if (event := _parse(line))], offset + len(whole)


def _parse(line: bytes) -> Event | None:
    """None for a line that a killed child left in pieces."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) else None
