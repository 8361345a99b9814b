import os
import socket
from datetime import timedelta

import pytest
from django.utils import timezone

from sftlab.audit.models import Event
from tests.factories import training as make
from training.holder import start_of
from training.models import Attempt, Run
from training.retries import TryAgain
from training.services import attempts
from training.services.runs import cancel_run, resume_run
from training.supervisor import LeaseLost, Outcome

pytestmark = pytest.mark.django_db
HERE = socket.gethostname()


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


def mine():
    """An attempt of this very process."""
    return {"host": HERE, "pid": os.getpid(), "pid_started": start_of(os.getpid())}


def test_an_attempt_takes_the_next_fencing_token(run):
    attempt = attempts.begin(run=run)
    assert (attempt.number, attempt.run.fence, attempt.run.status) == (1, 1, "running")


def test_a_living_attempt_is_left_alone(run):
    make.attempt(run, host="elsewhere")
    with pytest.raises(TryAgain):
        attempts.begin(run=run)


def test_an_attempt_whose_lease_ran_out_is_lost(run):
    old = make.attempt(run, host="elsewhere", lease_until=timezone.now() - timedelta(seconds=1))
    assert attempts.begin(run=run).number == 2
    old.refresh_from_db()
    assert old.status == Attempt.Status.LOST


def test_a_dead_worker_on_this_host_need_not_be_waited_for(run):
    make.attempt(run, **{**mine(), "pid_started": 1.0})
    assert attempts.begin(run=run).number == 2


def test_a_device_holds_one_attempt(run, admin, tmp_path):
    make.attempt(run, **mine())
    other = make.run(admin, tmp_path, base=run.base_model, data=run.datasets.get().version)
    with pytest.raises(TryAgain):
        attempts.begin(run=other)


def test_a_lost_attempt_can_not_renew_its_lease(run):
    attempt = attempts.begin(run=run)
    attempts.lose(attempt, note="")
    with pytest.raises(LeaseLost):
        attempts.renew(attempt)


def test_an_older_attempt_s_end_changes_nothing(run):
    attempt = attempts.begin(run=run)
    Run.objects.filter(pk=run.pk).update(fence=2)
    attempts.settle(attempt=attempt, outcome=Outcome("failed", 1))
    run.refresh_from_db()
    assert run.status == Run.Status.RUNNING


@pytest.mark.parametrize(
    ("ending", "attempt_is", "run_is"),
    [
        ("failed", "failed", "failed"),
        ("bad_spec", "failed", "failed"),
        ("stopped", "handed_back", "queued"),
        ("killed", "lost", "queued"),
        ("hung", "lost", "queued"),
    ],
)
def test_what_a_child_s_end_means(run, ending, attempt_is, run_is):
    attempt = attempts.begin(run=run)
    attempts.settle(attempt=attempt, outcome=Outcome(ending, 1))
    run.refresh_from_db()
    assert (attempt.status, run.status) == (attempt_is, run_is)


@pytest.mark.parametrize("ending", ["cancelled", "stopped", "killed", "failed"])
def test_however_a_cancelled_child_ends_the_run_is_cancelled(run, admin, ending):
    attempt = attempts.begin(run=run)
    cancel_run(actor=admin, run=Run.objects.get(pk=run.pk))
    attempts.settle(attempt=attempt, outcome=Outcome(ending, 75))
    run.refresh_from_db()
    assert run.status == Run.Status.CANCELLED


def test_a_failure_keeps_the_child_s_words_and_rows(run):
    attempt = attempts.begin(run=run)
    error = {"type": "error", "code": "non_finite", "message": "The loss is not a number.", "rows": ["a", "b"]}
    attempts.settle(attempt=attempt, outcome=Outcome("failed", 1, errors=[error]))
    run.refresh_from_db()
    assert run.error == {"code": "non_finite", "message": "The loss is not a number.", "rows": ["a", "b"]}


def test_a_child_that_says_nothing_is_quoted_from_its_log(run):
    attempt = attempts.begin(run=run)
    attempts.settle(attempt=attempt, outcome=Outcome("failed", 1), log="ImportError: x")
    run.refresh_from_db()
    assert "ImportError: x" in run.error["message"]


def lose_often(run, times):
    for number in range(run.fence + 1, run.fence + 1 + times):
        make.attempt(run, number=number, status="lost")
    run.refresh_from_db()


def test_a_run_that_is_lost_again_and_again_is_given_up(run):
    lose_often(run, attempts.TRIES)
    assert attempts.begin(run=run) is None
    run.refresh_from_db()
    assert (run.status, run.error["code"]) == ("failed", "lost")


def test_a_resumed_run_has_its_tries_again(run, admin):
    lose_often(run, attempts.TRIES)
    attempts.begin(run=run)
    resume_run(actor=admin, run=run)
    assert attempts.begin(run=run).number == attempts.TRIES + 1


def test_a_failure_is_in_the_audit_log(run):
    attempts.settle(attempt=attempts.begin(run=run), outcome=Outcome("failed", 1))
    assert Event.objects.filter(verb="run.fail", object_id=str(run.uuid)).count() == 1
