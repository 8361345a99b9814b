import json

import pytest

from tests.factories import training as make
from training.execution import execute
from training.models import LanguageModel, Metric, Run
from training.run_dirs import run_dir
from training.selectors import curve, trainer_model
from training.services.runs import cancel_run
from training.supervisor import Limits

pytestmark = pytest.mark.django_db
QUICK = Limits(poll=0.05, look=0.05, heartbeat=0.2, grace=20)


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


def test_a_run_ends_as_a_registered_model(run):
    execute(run, limits=QUICK)
    run.refresh_from_db()
    assert run.error == {}
    assert run.status == Run.Status.FINISHED
    tuned = LanguageModel.objects.get(run=run)
    assert (tuned.base, tuned.path) == (run.base_model, run.base_model.path)
    assert len(tuned.adapter_sha256) == 64
    assert trainer_model(tuned)["adapter"] == str(run_dir(run.uuid) / "adapter")


def test_curves_are_kept_step_by_step(run):
    execute(run, limits=QUICK)
    steps = [point.step for point in curve(run, Metric.Kind.TRAIN)]
    assert steps == list(range(1, 9))
    assert {"loss", "lr", "grad_norm", "tokens_per_s"} <= set(curve(run, "train")[0].values)
    assert curve(run, "eval")[0].step == 0


def test_training_lowers_the_evaluation_loss(run):
    execute(run, limits=QUICK)
    run.refresh_from_db()
    assert run.result["eval_loss"] < run.result["base_eval_loss"]


def test_rows_of_the_version_are_what_the_child_is_given(run):
    execute(run, limits=QUICK)
    rows = [json.loads(line) for line in (run_dir(run.uuid) / "data-0.jsonl").read_text().splitlines()]
    assert [row["messages"][0]["content"] for row in rows] == [f"{number}+1=" for number in range(8)]
    assert rows[0]["difficulty"] == "easy"


def test_a_finished_run_is_not_run_again(run):
    execute(run, limits=QUICK)
    execute(run, limits=QUICK)
    assert run.attempts.count() == 1


def test_a_cancelled_run_goes_on_where_it_stopped(run, admin):
    cancel_run(actor=admin, run=run)
    execute(run, limits=QUICK)
    assert run.attempts.count() == 0
