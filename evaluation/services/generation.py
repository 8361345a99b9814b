"""A system's outputs, written by a child of the trainer over RUN_DIR; what is there is never written again."""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from evaluation.models import Evaluation, System
from evaluation.services.evaluations import settle
from evaluation.services.outputs import read_outputs, save_outputs
from sftlab.errors import Conflict
from training.events import Event
from training.models import LanguageModel
from training.supervisor import Outcome, log_tail, supervise

SAVE_EVERY = 1.0
COMMAND = ("-m", "training.trainer")


def run_dir_of(system: System) -> Path:
    return Path(settings.VAR_DIR) / "runs" / str(system.uuid)


def generate(*, system: System) -> Outcome | None:
    """Start the child, or adopt the one that runs, until every item has its output.

    Runs at least once: a second run over the same system goes on where the first one stopped. None when there is
    nothing to do.
    """
    if not _start(system):
        return None
    run_dir = run_dir_of(system)
    write_spec(system, run_dir)
    reader = _Reader(system, run_dir / "outputs.jsonl")
    outcome = supervise(
        run_dir,
        [sys.executable, *COMMAND, str(run_dir)],
        on_events=reader.take,
        should_cancel=lambda: _status(system) == System.Status.CANCELLED,
        heartbeat=lambda: System.objects.filter(pk=system.pk, fence=system.fence).exists(),
        fence=system.fence,
        offset=system.events_offset,
    )
    _finish(system, outcome, run_dir)
    return outcome


@transaction.atomic
def _start(system: System) -> bool:
    try:
        system.transition(System.Status.RUNNING, fence=F("fence") + 1, error="")
    except Conflict:
        return False
    system.refresh_from_db()
    if system.evaluation.status == Evaluation.Status.QUEUED:
        system.evaluation.transition(Evaluation.Status.GENERATING)
    return True


def write_spec(system: System, run_dir: Path) -> None:
    run_dir.mkdir(parents=True, exist_ok=True)
    evaluation = system.evaluation
    items = run_dir / "items.jsonl"
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
        "model": model_spec(system.model),
        "items": items.name,
        "decoding": evaluation.decoding,
        "seed": evaluation.seed,
        "fence": system.fence,
    }
    (run_dir / "spec.json").write_text(json.dumps(spec, ensure_ascii=False), encoding="utf-8")


def model_spec(model: LanguageModel) -> dict[str, Any]:
    return {
        "path": model.path,
        "gguf_file": model.gguf_file or None,
        "template": model.template or None,
        "adapter": model.adapter or None,
        "trust_remote_code": model.trust_remote_code,
    }


@dataclass
class _Reader:
    """Saves outputs while the child writes them, about once a second."""

    system: System
    path: Path
    saved_at: float = field(default_factory=time.monotonic)

    def take(self, events: list[Event], offset: int) -> None:
        if time.monotonic() - self.saved_at < SAVE_EVERY:
            return
        with transaction.atomic():
            save_outputs(self.system, read_outputs(self.path))
            System.objects.filter(pk=self.system.pk).update(events_offset=offset, **_speed(events))
        self.saved_at = time.monotonic()


def _speed(events: list[Event]) -> dict[str, float]:
    speeds = [event["tokens_per_s"] for event in events if event.get("tokens_per_s")]
    return {"tokens_per_s": speeds[-1]} if speeds else {}


@transaction.atomic
def _finish(system: System, outcome: Outcome, run_dir: Path) -> None:
    if outcome.ending == "lease_lost":
        return
    save_outputs(system, read_outputs(run_dir / "outputs.jsonl"))
    system.refresh_from_db()
    if outcome.ending == "done" and system.done == system.evaluation.evalset.size:
        system.transition(System.Status.DONE, **_cost(outcome.result))
    elif outcome.ending == "stopped":
        system.transition(System.Status.QUEUED)
    elif system.status != System.Status.CANCELLED:
        system.transition(System.Status.FAILED, error=_why(outcome, run_dir))
    settle(system.evaluation)


def _cost(result: dict[str, Any]) -> dict[str, Any]:
    return {
        "seconds": result.get("seconds"),
        "tokens_per_s": result.get("tokens_per_s"),
        "versions": result.get("versions") or {},
    }


def _why(outcome: Outcome, run_dir: Path) -> str:
    return outcome.message or f"{outcome.ending}: {log_tail(run_dir, 5)}"


def _status(system: System) -> str:
    return System.objects.values_list("status", flat=True).get(pk=system.pk)
