"""Finding what a dead worker left behind. It runs beside the jobs in every worker, since a busy queue would hold a
periodic job back just when it is needed."""

import logging
from datetime import timedelta

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import ConnectorException

from training import jobs
from training.models import Attempt, Run
from training.services.attempts import MOVES_ON, is_dead

log = logging.getLogger(__name__)
STALLED_AFTER = timedelta(seconds=30)
SETTLES_WITHIN = timedelta(seconds=10)
LOCK = 7345621


def recover() -> None:
    """Jobs of dead workers run again; a run that no job and no living attempt cares for gets a job."""
    retry_stalled_jobs()
    requeue_orphans()


@transaction.atomic
def retry_stalled_jobs() -> int:
    """The queue marks them but leaves them; the number put back."""
    if not _alone():
        return 0
    before = timezone.now() - STALLED_AFTER
    stalled = ProcrastinateJob.objects.filter(status="doing").filter(
        Q(worker__isnull=True) | Q(worker__last_heartbeat__lt=before)
    )
    return sum(_retry(job) for job in stalled)


def _retry(job: ProcrastinateJob) -> bool:
    log.warning("the worker of job %s (%s) is gone: it runs again", job.pk, job.task_name)
    try:
        with transaction.atomic():
            app.job_manager.retry_job_by_id(job.pk, retry_at=timezone.now())
    except (IntegrityError, ConnectorException):
        with transaction.atomic(), connection.cursor() as cursor:  # the same work waits in the queue already
            cursor.execute("SELECT procrastinate_finish_job_v1(%s, 'failed', false)", [job.pk])
        return False
    return True


@transaction.atomic
def requeue_orphans() -> int:
    """The number of runs that were given a job."""
    if not _alone():
        return 0
    count = 0
    for run in Run.objects.filter(status__in=MOVES_ON, created_at__lt=timezone.now() - SETTLES_WITHIN):
        if not _is_cared_for(run):
            jobs.execute(run)
            count += 1
    return count


def _is_cared_for(run: Run) -> bool:
    job = ProcrastinateJob.objects.filter(queueing_lock=jobs.run_lock(run), status__in=["todo", "doing"])
    live = run.attempts.filter(status=Attempt.Status.RUNNING).select_related("device").first()
    return (live is not None and not is_dead(live)) or job.exists()


def _alone() -> bool:
    """One sweeper at a time, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])
