import pytest
from django.db import connection
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories import training as make
from training import jobs, recovery
from training.models import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin, tmp_path):
    made = make.run(admin, tmp_path)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE training_run SET created_at = now() - interval '1 hour'")
    return made


def job():
    return ProcrastinateJob.objects.filter(task_name="training.execute").latest("pk")


def take(*, heartbeat):
    """As a worker that takes the job and was last heard of at `heartbeat`."""
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO procrastinate_workers (last_heartbeat) VALUES ({heartbeat}) RETURNING id")
        [worker] = cursor.fetchone()
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s", [worker])


def test_a_dead_worker_s_job_goes_back_to_the_queue(run):
    take(heartbeat="now() - interval '1 minute'")
    assert recovery.retry_stalled_jobs() == 1
    assert job().status == "todo"


def test_a_living_worker_keeps_its_job(run):
    take(heartbeat="now()")
    recovery.recover()
    assert job().status == "doing"
    assert ProcrastinateJob.objects.count() == 1


def test_when_the_same_work_waits_already_the_dead_job_is_closed(run):
    take(heartbeat="now() - interval '1 minute'")
    jobs.execute(run)
    recovery.retry_stalled_jobs()
    assert sorted(ProcrastinateJob.objects.values_list("status", flat=True)) == ["failed", "todo"]


def end_jobs():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_jobs SET status = 'failed'")


def test_a_run_that_nobody_cares_for_gets_a_job(run):
    end_jobs()
    assert recovery.requeue_orphans() == 1
    assert job().status == "todo"


def test_a_run_with_a_living_attempt_needs_none(run):
    end_jobs()
    Run.objects.update(status="running")
    make.attempt(run, host="elsewhere")
    assert recovery.requeue_orphans() == 0


def test_a_run_that_is_over_needs_none(run):
    end_jobs()
    Run.objects.update(status="cancelled")
    assert recovery.requeue_orphans() == 0
