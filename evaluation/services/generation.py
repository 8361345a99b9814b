"""A system's outputs, written by a child of the trainer over RUN_DIR; what is there is never written again."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import F

from evaluation.models import Evaluation, System
from evaluation.services.evaluations import settle
from evaluation.services.outputs import Written, read_outputs, save_outputs
from sftlab.errors import Conflict, SFTLabError
from training.events import Event
from training.execution import TRAINER, through_outages, write_json
from training.retries import HandedBack, TryAgain
from training.run_dirs import cache_dir, run_dir
from training.selectors import trainer_model
from training.services.models import check_files
from training.supervisor import Outcome, log_tail, supervise

OUTPUTS = "outputs.jsonl"
SAVE_EVERY = 1.0
MOST_ATTEMPTS = 5
AGAIN = ("killed", "hung")


def generate(*, system: System) -> None:
    """Start the child, or adopt the one that runs, until every item has its output.

    Runs at least once: a second run over the same system goes on where the first one stopped. Raises TryAgain when the
    worker stops or the child was lost.
    """
    if not start_system(system):
        return
    folder = run_dir(system.uuid)
    outcome = _attempt(system, folder)
    through_outages(lambda: _finish(system, outcome, folder))
    if outcome.ending == "stopped":
        raise HandedBack
    if outcome.ending in AGAIN and system.fence < MOST_ATTEMPTS:
        raise TryAgain(1)


def _attempt(system: System, folder: Path) -> Outcome:
    try:
        check_files(system.model)
        write_spec(system, folder)
    except (SFTLabError, OSError) as error:
        return Outcome("failed", errors=[{"code": "files", "message": str(error)}])
    reader = _Reader(system, folder)
    return supervise(
        folder,
        [*TRAINER, str(folder)],
        on_events=reader.take,
        should_cancel=lambda: _status(system) == System.Status.CANCELLED,
        heartbeat=lambda: System.objects.filter(pk=system.pk, fence=system.fence).exists(),
        fence=system.fence,
        offset=system.events_offset,
    )


@transaction.atomic
def start_system(system: System) -> bool:
    """False when there is nothing to do any more; else this caller's fence is the highest."""
    try:
        system.transition(System.Status.RUNNING, fence=F("fence") + 1, error="")
    except Conflict:
        return False
    system.refresh_from_db()
    if system.evaluation.status == Evaluation.Status.QUEUED:
        system.evaluation.transition(Evaluation.Status.GENERATING)
    return True


def write_spec(system: System, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    evaluation = system.evaluation
    items = folder / "items.jsonl"
    if not items.exists():
        lines = (
            json.dumps({"id": item.key, "messages": item.turns}, ensure_ascii=False)
            for item in evaluation.evalset.items.all()
        )
        beside = items.with_suffix(".part")
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8")
        beside.replace(items)
    spec = {
        "version": 1,
        "task": "generate",
        "model": trainer_model(system.model),
        "items": items.name,
        "decoding": evaluation.decoding,
        "seed": evaluation.seed,
        "fence": system.fence,
        "cache": str(cache_dir()),
    }
    write_json(folder / "spec.json", spec)


@dataclass
class _Reader:
    """Saves outputs while the child writes them, about once a second."""

    system: System
    folder: Path
    saved_at: float = field(default_factory=time.monotonic)

    def take(self, events: list[Event], offset: int) -> None:
        if time.monotonic() - self.saved_at < SAVE_EVERY:
            return
        with transaction.atomic():
            save_outputs(self.system, written_in(self.folder))
            System.objects.filter(pk=self.system.pk).update(events_offset=offset, **_speed(events))
        self.saved_at = time.monotonic()


def written_in(folder: Path) -> Iterator[Written]:
    """What the child has written by now: the whole of it, or the part that it is still adding to."""
    whole = folder / OUTPUTS
    return read_outputs(whole if whole.exists() else folder / f".{OUTPUTS}")


def _speed(events: list[Event]) -> dict[str, float]:
    speeds = [event["tokens_per_s"] for event in events if event.get("tokens_per_s")]
    return {"tokens_per_s": speeds[-1]} if speeds else {}


@transaction.atomic
def _finish(system: System, outcome: Outcome, folder: Path) -> None:
    if outcome.ending == "lease_lost":
        return
    save_outputs(system, written_in(folder))
    system.refresh_from_db()
    if outcome.ending == "done" and system.done == system.evaluation.evalset.size:
        system.transition(System.Status.DONE, **_cost(outcome.result))
    elif system.status == System.Status.CANCELLED:
        return
    elif outcome.ending == "stopped" or (outcome.ending in AGAIN and system.fence < MOST_ATTEMPTS):
        system.transition(System.Status.QUEUED)
    else:
        system.transition(System.Status.FAILED, error=_why(outcome, folder))
    settle(system.evaluation)


def _cost(result: dict[str, Any]) -> dict[str, Any]:
    """The speed is the last start's; one that had nothing left to do has none, and an earlier one's stays."""
    cost = {"seconds": result.get("seconds"), "versions": result.get("versions") or {}}
    speed = result.get("tokens_per_s")
    return cost | ({"tokens_per_s": speed} if speed else {})


def _why(outcome: Outcome, folder: Path) -> str:
    return outcome.message or f"{outcome.ending}: {log_tail(folder, 5)}"


def _status(system: System) -> str:
    return System.objects.values_list("status", flat=True).get(pk=system.pk)
