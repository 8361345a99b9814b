"""What a worker does for a queued run: one attempt, from the device to what its end means."""

import json
import logging
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from sftlab.errors import BadInput, SFTLabError, Unavailable
from training import measurements
from training.events import Event
from training.models import Attempt, Metric, Run
from training.retries import HandedBack, TryAgain
from training.rows import write_data
from training.run_dirs import cache_dir, run_dir
from training.selectors import trainer_model
from training.services import attempts
from training.services.models import check_files
from training.supervisor import OUTAGES, STOPPING, LeaseLost, Limits, Outcome, log_tail, supervise

log = logging.getLogger(__name__)
TRAINER = [sys.executable, "-m", "training.trainer"]
TRAIN = shlex.split(os.environ.get("SFTLAB_TRAINER", "")) or TRAINER
"""For runs alone, such as `torchrun --nproc-per-node 2 -m training.trainer`: the other tasks are one process's."""


def execute(run: Run, *, limits: Limits | None = None) -> None:
    """Raises TryAgain when the job should come back: the run is another's for now, handed back, or was lost."""
    attempt = attempts.begin(run=run)
    if attempt is None:
        return
    outcome = _attempt(attempt, limits or Limits())
    through_outages(lambda: attempts.settle(attempt=attempt, outcome=outcome, log=log_tail(run_dir(run.uuid))))
    if outcome.ending == "stopped":
        raise HandedBack
    if outcome.ending in ("killed", "hung"):
        raise TryAgain(1)


def _attempt(attempt: Attempt, limits: Limits) -> Outcome:
    """What keeps the child from starting ends like what makes it fail; a RUN_DIR that is still held is tried again."""
    folder = run_dir(attempt.run.uuid)
    try:
        prepare(attempt, folder)
        return supervise(
            folder,
            [*TRAIN, str(folder)],
            on_events=Recorder(attempt).take,
            should_cancel=lambda: Run.objects.filter(pk=attempt.run_id, status=Run.Status.CANCELLING).exists(),
            heartbeat=lambda: attempts.renew(attempt),
            fence=attempt.number,
            offset=attempt.run.events_offset,
            limits=limits,
            environment=attempt.device.environment(),
        )
    except Unavailable as error:
        log.warning("run %s: %s", attempt.run.uuid, error)
        return Outcome("killed")
    except (SFTLabError, OSError) as error:
        code = error.code if isinstance(error, SFTLabError) else "files"
        return Outcome("failed", errors=[{"code": code, "message": str(error)}])
    except (*OUTAGES, TryAgain):
        raise
    except Exception as error:
        log.exception("run %s", attempt.run.uuid)
        message = _("A fault of the service itself stopped this run: %(error)s") % {"error": repr(error)}
        return Outcome("failed", errors=[{"code": "internal", "message": message}])


def prepare(attempt: Attempt, folder: Path) -> None:
    """RUN_DIR as the trainer reads it. Raises BadInput when the model is not what was registered."""
    run = attempt.run
    check_files(run.base_model)
    if not any(run.base_model.files):
        raise BadInput(_("The model “%(name)s” has no files.") % {"name": run.base_model.name})
    folder.mkdir(parents=True, exist_ok=True)
    data = write_data(folder, [(d.version, d.weight) for d in run.datasets.select_related("version")])
    spec = {
        "version": 1,
        "task": "train",
        "model": trainer_model(run.base_model),
        **data,
        "method": run.method,
        "config": run.config,
        "seed": run.seed,
        "fence": attempt.number,
        "cache": str(cache_dir()),
    }
    write_json(folder / "spec.json", spec)


def write_json(path: Path, content: dict[str, Any]) -> None:
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
    beside.replace(path)


class Recorder:
    """Keeps events and how far they were read in one transaction: each is kept once."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt
        self.progress: dict[str, Any] = dict(attempt.run.progress)

    def take(self, events: list[Event], offset: int) -> None:
        progress = measurements.progress(self.progress, events)
        with transaction.atomic():
            mine = Run.objects.filter(pk=self.attempt.run_id, fence=self.attempt.number)
            if not mine.update(events_offset=offset, progress=progress):
                raise LeaseLost
            Metric.objects.bulk_create(
                [
                    Metric(attempt=self.attempt, step=p.step, kind=p.kind, at=p.at, values=p.values)
                    for p in measurements.points(events)
                ],
                update_conflicts=True,
                unique_fields=["attempt", "step", "kind"],
                update_fields=["at", "values"],
            )
        self.progress = progress


def through_outages(write: Callable[[], None]) -> None:
    """The child's end must be written: wait for the database, unless the worker stops."""
    while True:
        try:
            write()
            return
        except OUTAGES as error:
            if STOPPING.is_set():
                raise HandedBack from error
            log.warning("waiting for the database: %s", error)
            connection.close()
            time.sleep(1)
