import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from tests.factories import training as make
from training import execution
from training.holder import locked_file
from training.models import LanguageModel, Metric, Run
from training.retries import TryAgain
from training.run_dirs import run_dir
from training.selectors import curve, trainer_model
from training.services.attempts import TRIES
from training.services.runs import cancel_run
from training.supervisor import Limits

pytestmark = pytest.mark.django_db
QUICK = Limits(poll=0.05, look=0.05, heartbeat=0.2, grace=20)
CHILD = Path(__file__).with_name("child.py")


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


@pytest.fixture
def child(run, monkeypatch):
    """`child(error=True)`: a stand-in for the trainer that keeps its manners and does this."""
    monkeypatch.setattr(execution, "TRAIN", [sys.executable, str(CHILD)])
    folder = run_dir(run.uuid)
    folder.mkdir(parents=True)

    def wants(**wishes):
        (folder / "child.json").write_text(json.dumps(wishes))

    return wants


def done(run, limits=QUICK):
    try:
        execution.execute(run, limits=limits)
    finally:
        run.refresh_from_db()
    return run


def test_the_trainer_makes_a_model_that_is_better_on_the_evaluation_rows(run):
    assert done(run).error == {}
    assert run.status == Run.Status.FINISHED
    assert run.result["eval_loss"] < run.result["base_eval_loss"]
    assert [point.step for point in curve(run, Metric.Kind.TRAIN)] == list(range(1, 9))
    assert {"loss", "lr", "grad_norm", "tokens_per_s"} <= set(curve(run, "train")[0].values)
    assert curve(run, "eval")[0].step == 0


def test_a_finished_run_is_a_registered_model_on_its_base(run, child):
    done(run)
    tuned = LanguageModel.objects.get(run=run)
    assert (tuned.base, tuned.path) == (run.base_model, run.base_model.path)
    assert len(tuned.adapter_sha256) == 64
    assert trainer_model(tuned)["adapter"] == str(run_dir(run.uuid) / "adapter")


def test_whoever_waits_for_the_run_is_told_that_it_is_finished(run, child):
    done(run)
    assert ProcrastinateJob.objects.get(task_name="evaluation.run_finished").args == {"run": str(run.uuid)}


def test_rows_of_the_version_are_what_the_child_is_given(run, child):
    done(run)
    rows = [json.loads(line) for line in (run_dir(run.uuid) / "data-0.jsonl").read_text().splitlines()]
    assert [row["messages"][0]["content"] for row in rows] == [f"{number}+1=" for number in range(8)]
    assert rows[0]["difficulty"] == "easy"


def test_a_finished_run_is_not_run_again(run, child):
    done(run)
    done(run)
    assert run.attempts.count() == 1


def test_a_cancelled_run_is_not_begun(run, child, admin):
    cancel_run(actor=admin, run=run)
    assert done(run).attempts.count() == 0


def test_a_failure_is_the_run_s_in_the_child_s_words(run, child):
    child(error=True)
    assert done(run).status == Run.Status.FAILED
    assert run.error == {"code": "boom", "message": "It went wrong.", "rows": []}


def test_a_killed_child_is_asked_for_again(run, child):
    child(die=True)
    with pytest.raises(TryAgain):
        done(run)
    assert (run.status, run.attempts.get().status) == ("queued", "lost")


def test_a_child_that_is_killed_every_time_is_given_up(run, child):
    child(die=True)
    for _ in range(TRIES):
        with pytest.raises(TryAgain):
            done(run)
    assert done(run).status == Run.Status.FAILED
    assert (run.error["code"], run.attempts.count()) == ("lost", TRIES)


def test_events_that_were_kept_are_not_kept_again_by_the_next_attempt(run, child):
    child(die=True)
    with pytest.raises(TryAgain):
        done(run)
    child()
    done(run)
    assert [attempt.metrics.count() for attempt in run.attempts.all()] == [3, 3]


def test_a_weight_file_cut_short_since_is_named_on_the_run(run, child, tmp_path):
    weights = tmp_path / "tiny" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:500])
    assert done(run).status == Run.Status.FAILED
    assert str(weights) in run.error["message"]
    assert run.error["code"] == "model_files"


def test_a_run_dir_that_something_still_holds_is_tried_again(run, child):
    with locked_file(run_dir(run.uuid)), pytest.raises(TryAgain):
        execution.execute(run, limits=replace(QUICK, grace=0.1))
    run.refresh_from_db()
    assert run.status == Run.Status.QUEUED


def test_a_fault_of_the_service_ends_the_run_and_is_not_tried_for_ever(run, child, monkeypatch):
    monkeypatch.setattr(execution, "write_data", lambda *_: 1 / 0)
    assert done(run).status == Run.Status.FAILED
    assert run.error["code"] == "internal"
