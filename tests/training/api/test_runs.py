import json
import uuid

import pytest
from django.utils import timezone

from annotation.models import Membership, VersionRow
from annotation.services.withdrawals import withdraw_row
from tests.factories import training as make
from training.models import Metric, Run
from training.services.runs import cancel_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def body(admin, tmp_path):
    return {
        "base_model": str(make.model(admin, tmp_path).uuid),
        "datasets": [{"version": str(make.version(admin).uuid), "weight": 1.0}],
        "method": {"name": "lora", "r": 4},
        "config": {"epochs": 1, "batch_size": 4},
        "seed": 3,
    }


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


def make_manager(person, run):
    project = run.datasets.get().version.project
    Membership.objects.create(project=project, user=person, role=Membership.Role.MANAGER)


def test_an_admin_creates_a_run_with_every_default_written_out(api, admin, body):
    answer = api(admin).post("/api/v1/runs/", body)
    assert answer.status_code == 201
    made = answer.json()
    assert (made["status"], made["seed"], made["method"]["r"], made["method"]["alpha"]) == ("queued", 3, 4, 32.0)
    assert made["config"]["weight_decay"] == 0.01
    assert len(made["datasets"][0]["sha256"]) == 64


def test_the_method_may_be_its_name_alone(api, admin, body):
    answer = api(admin).post("/api/v1/runs/", {**body, "method": "ia3", "config": {}})
    assert answer.json()["method"] == {"name": "ia3"}


def test_all_faults_are_listed_at_once(api, admin, body):
    wrong = {
        "base_model": str(uuid.uuid4()),
        "datasets": [{"version": str(uuid.uuid4())}],
        "method": {"name": "lora", "r": 0},
        "config": {"epoch": 1, "schedule": "round"},
    }
    answer = api(admin).post("/api/v1/runs/", wrong)
    assert answer.status_code == 400
    fields = {fault["field"] for fault in answer.json()["errors"]}
    assert fields == {"base_model", "datasets[0].version", "method.r", "config.epoch", "config.schedule"}


def test_nothing_is_left_of_a_refused_run(api, admin, body):
    api(admin).post("/api/v1/runs/", {**body, "method": {"name": "none"}})
    assert not Run.objects.exists()


@pytest.mark.parametrize("bad", ['"\\u0000"', "1e999", '"\\ud800"'])
def test_what_the_database_can_not_hold_is_a_400(api, admin, body, bad):
    text = json.dumps({**body, "method": {"name": "prompt", "init_text": "BAD"}}).replace('"BAD"', bad)
    answer = api(admin).post("/api/v1/runs/", text, content_type="application/json")
    assert answer.status_code == 400


def test_a_model_whose_weights_were_cut_short_is_named(api, admin, body, tmp_path):
    weights = tmp_path / "tiny" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    [fault] = api(admin).post("/api/v1/runs/", body).json()["errors"]
    assert fault["field"] == "base_model"
    assert str(weights) in fault["reason"]


def test_data_with_a_withdrawn_row_is_a_409_that_names_it(api, admin, body):
    item = VersionRow.objects.filter(version__uuid=body["datasets"][0]["version"]).first().item
    withdraw_row(actor=admin, item=item, reason="personal data")
    answer = api(admin).post("/api/v1/runs/", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "withdrawn")
    assert answer.json()["errors"][0]["reason"] == str(item.uuid)


def test_a_run_does_not_go_on_with_rows_withdrawn_since(api, admin, run):
    cancel_run(actor=admin, run=run)
    item = VersionRow.objects.filter(version=run.datasets.get().version).first().item
    withdraw_row(actor=admin, item=item, reason="personal data")
    assert api(admin).post(f"/api/v1/runs/{run.uuid}/resume/").status_code == 409


def test_others_may_not_create(api, alice, body):
    assert api(alice).post("/api/v1/runs/", body).status_code == 403


def test_a_run_says_what_its_curves_mean(api, admin, run):
    make.points(run, evals=[2.0, 1.5, 1.9])
    [finding] = api(admin).get(f"/api/v1/runs/{run.uuid}/").json()["findings"]
    assert finding["kind"] == "overfitting"
    assert "step 2 (1.500)" in finding["evidence"]


def test_a_run_says_what_was_forgotten_on_which_version(api, admin, run):
    make.points(run, evals=[2.0, 1.5])
    tried = run.attempts.get()
    for step, loss in ((0, 2.0), (2, 2.6)):
        values = {"loss": 1.5, "loss:eval-0": loss}
        Metric.objects.update_or_create(
            attempt=tried, step=step, kind="eval", defaults={"values": values, "at": timezone.now()}
        )
    found = {finding["kind"]: finding for finding in api(admin).get(f"/api/v1/runs/{run.uuid}/").json()["findings"]}
    assert f"rows of {run.datasets.get().version} the base had a loss of 2.000" in found["forgetting"]["evidence"]


def test_a_manager_of_the_data_s_project_reads(api, alice, run):
    make_manager(alice, run)
    assert api(alice).get(f"/api/v1/runs/{run.uuid}/").json()["name"] == "a run"


@pytest.mark.parametrize("part", ["", "metrics/", "log/"])
def test_others_do_not_learn_that_it_exists(api, alice, run, part):
    assert api(alice).get(f"/api/v1/runs/{run.uuid}/{part}").status_code == 404


def test_the_list_shows_only_what_one_may_see(api, admin, alice, run):
    assert api(admin).get("/api/v1/runs/").json()["count"] == 1
    assert api(alice).get("/api/v1/runs/").json()["count"] == 0


def test_a_manager_may_not_cancel(api, alice, run):
    make_manager(alice, run)
    assert api(alice).post(f"/api/v1/runs/{run.uuid}/cancel/").status_code == 403


def test_a_queued_run_is_cancelled_at_once(api, admin, run):
    assert api(admin).post(f"/api/v1/runs/{run.uuid}/cancel/").json()["status"] == "cancelled"


def test_a_cancelled_run_can_be_resumed(api, admin, run):
    cancel_run(actor=admin, run=run)
    assert api(admin).post(f"/api/v1/runs/{run.uuid}/resume/").json()["status"] == "queued"


def test_what_is_over_can_not_be_cancelled(api, admin, run):
    cancel_run(actor=admin, run=run)
    assert api(admin).post(f"/api/v1/runs/{run.uuid}/cancel/").status_code == 409


def test_metrics_go_on_where_the_last_answer_ended(api, admin, run):
    make.points(run, losses=[3.0, 2.0, 1.0])
    client = api(admin)
    first = client.get(f"/api/v1/runs/{run.uuid}/metrics/?limit=2").json()
    rest = client.get(f"/api/v1/runs/{run.uuid}/metrics/?after={first['after']}").json()
    assert [point["step"] for point in first["results"]] == [1, 2]
    assert (first["more"], rest["more"]) == (True, False)
    assert [point["values"]["loss"] for point in rest["results"]] == [1.0]


@pytest.mark.parametrize("after", ["-1", "x", "99999999999999999999"])
def test_a_wrong_after_is_a_400(api, admin, run, after):
    assert api(admin).get(f"/api/v1/runs/{run.uuid}/metrics/?after={after}").status_code == 400


def test_preflight_is_accepted_and_waits_for_a_worker(api, admin, body):
    answer = api(admin).post("/api/v1/runs/preflight/", body)
    assert answer.status_code == 202
    assert api(admin).get(f"/api/v1/runs/preflight/{answer.json()['id']}/").json()["status"] == "queued"


def test_a_preflight_is_its_maker_s(api, admin, alice, body):
    made = api(admin).post("/api/v1/runs/preflight/", body).json()
    assert api(alice).get(f"/api/v1/runs/preflight/{made['id']}/").status_code == 404
