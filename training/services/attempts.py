"""An attempt's life: it takes a device and a fencing token, keeps its lease, and ends in one of a few ways."""

import os
import socket
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from sftlab.audit.services import record
from training import jobs
from training.holder import CLOCK_SLACK, start_of
from training.models import Attempt, Device, Run
from training.retries import TryAgain
from training.run_dirs import run_dir
from training.services import devices
from training.services.models import register_tuned
from training.supervisor import LeaseLost, Outcome

LEASE = timedelta(seconds=60)
TRIES = 5
"""Attempts that may be lost, one after the other, before the run is given up."""
MOVES_ON = (Run.Status.QUEUED, Run.Status.RUNNING, Run.Status.CANCELLING)


@transaction.atomic
def begin(*, run: Run) -> Attempt | None:
    """None when there is nothing to do. Raises TryAgain while another attempt lives or no device here is free."""
    locked = Run.objects.select_for_update().get(pk=run.pk)
    if locked.status not in MOVES_ON:
        return None
    live = locked.attempts.filter(status=Attempt.Status.RUNNING).select_related("device").first()
    if live is not None:
        if not is_dead(live):
            raise TryAgain(5)
        lose(live, note="its worker was lost")
    if _is_given_up(locked):
        return None
    attempt = Attempt.objects.create(
        run=locked,
        number=locked.fence + 1,
        device=_free_device(),
        pid=os.getpid(),
        pid_started=start_of(os.getpid()) or 0.0,
        heartbeat_at=timezone.now(),
        lease_until=timezone.now() + LEASE,
    )
    if locked.status == Run.Status.QUEUED:
        locked.transition(Run.Status.RUNNING)
    Run.objects.filter(pk=run.pk).update(fence=attempt.number, started_at=locked.started_at or timezone.now())
    attempt.run.refresh_from_db()
    return attempt


def is_dead(attempt: Attempt) -> bool:
    """Its lease ran out, or its worker was on this host and is gone."""
    if attempt.lease_until < timezone.now():
        return True
    if attempt.device.host != socket.gethostname():
        return False
    started = start_of(attempt.pid)
    return started is None or abs(started - attempt.pid_started) > CLOCK_SLACK


def lose(attempt: Attempt, *, note: str) -> None:
    attempt.transition(Attempt.Status.LOST, ended_at=timezone.now(), note=note)


def _is_given_up(run: Run) -> bool:
    lost = run.attempts.filter(status=Attempt.Status.LOST, number__gt=run.tries_from).count()
    if lost < TRIES:
        return False
    message = _(
        "The run's process was lost %(lost)d times and is not tried again. If the machine is short of memory, lower "
        "“micro_tokens” or “max_length”; then resume it, and it goes on from its last checkpoint."
    )
    fail(run, {"code": "lost", "message": message % {"lost": lost}})
    return True


def fail(run: Run, error: dict[str, Any]) -> None:
    run.transition(Run.Status.FAILED, error=error, ended_at=timezone.now())
    record(actor=None, verb="run.fail", obj=run, data={"code": error.get("code", "")})


def _free_device() -> Device:
    """Raises TryAgain when each is taken; an attempt that is dead is moved out of the way."""
    for device in devices.here().select_for_update().order_by("pk"):
        holder = device.attempts.filter(status=Attempt.Status.RUNNING).select_related("device").first()
        if holder is None:
            return device
        if is_dead(holder):
            lose(holder, note="its worker was lost")
            return device
    raise TryAgain(5)


def renew(attempt: Attempt) -> None:
    """Raises LeaseLost when the attempt is no longer the run's."""
    now = timezone.now()
    kept = Attempt.objects.filter(pk=attempt.pk, status=Attempt.Status.RUNNING).update(
        heartbeat_at=now, lease_until=now + LEASE
    )
    if not kept:
        raise LeaseLost


@transaction.atomic
def settle(*, attempt: Attempt, outcome: Outcome, log: str = "") -> None:
    """Write what the child's end means for the attempt and its run, if the attempt is still the run's."""
    run = Run.objects.select_for_update().get(pk=attempt.run_id)
    if run.fence != attempt.number or outcome.ending == "lease_lost":
        return
    ended = {"ended_at": timezone.now(), "exit_code": outcome.exit_code}
    if outcome.ending == "done":
        attempt.transition(Attempt.Status.FINISHED, **ended)
        _finish(run, outcome)
    elif run.status == Run.Status.CANCELLING:
        attempt.transition(Attempt.Status.CANCELLED, **ended)
        run.transition(Run.Status.CANCELLED, ended_at=timezone.now())
    elif outcome.ending in ("failed", "bad_spec"):
        attempt.transition(Attempt.Status.FAILED, **ended)
        fail(run, error_of(outcome, log))
    elif outcome.ending == "stopped":
        attempt.transition(Attempt.Status.HANDED_BACK, **ended)
        run.transition(Run.Status.QUEUED)
    else:
        attempt.transition(Attempt.Status.LOST, note=_note(outcome), **ended)
        run.transition(Run.Status.QUEUED)


def _finish(run: Run, outcome: Outcome) -> None:
    run.transition(Run.Status.FINISHED, result=outcome.result, error={}, ended_at=timezone.now())
    folder = run_dir(run.uuid) / str(outcome.result.get("adapter", "adapter"))
    model = register_tuned(run=run, result=outcome.result, folder=folder)
    record(actor=None, verb="run.finish", obj=run, data={"model": str(model.uuid), "sha256": model.adapter_sha256})
    jobs.run_finished(run)


def error_of(outcome: Outcome, log: str) -> dict[str, Any]:
    """The child's own words, or the end of its log."""
    if outcome.errors:
        rows = [row for error in outcome.errors for row in error.get("rows", [])]
        code = str(outcome.errors[-1].get("code", "failed"))
        return {"code": code, "message": outcome.message, "rows": rows}
    message = _("The process ended with exit code %(code)s without saying why; its log ends with:\n%(log)s")
    return {"code": "failed", "message": message % {"code": outcome.exit_code, "log": log}}


def _note(outcome: Outcome) -> str:
    if outcome.ending == "hung":
        return "it was silent too long"
    return f"its process was killed (exit code {outcome.exit_code})"
