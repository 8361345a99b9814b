import pytest
from django.urls import reverse

from annotation.models import Membership
from tests.factories import training as make
from training.models import LanguageModel, Preflight, Run
from training.services.models import register_tuned
from training.services.runs import create_preflight
from training.ui.forms import RunForm

pytestmark = pytest.mark.django_db
BACKEND = "sftlab.accounts.backends.PasswordBackend"


@pytest.fixture
def page(client):
    """`page(alice, "training:runs")` is the text alice sees."""

    def get(user, name, *args, status=200, **query):
        client.force_login(user, backend=BACKEND)
        answer = client.get(reverse(name, args=args), query, headers=query.pop("headers", None))
        assert answer.status_code == status, answer.content.decode()[:2000]
        return answer.content.decode()

    return get


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


def manager(person, run):
    project = run.datasets.get().version.project
    Membership.objects.create(project=project, user=person, role=Membership.Role.MANAGER)
    return person


def test_the_lists_say_what_to_do_when_they_are_empty(page, admin):
    assert "No run yet" in page(admin, "training:runs")
    assert "No model yet" in page(admin, "training:models")


def test_a_run_shows_its_status_and_numbers_without_scripts(page, admin, run):
    make.points(run, losses=[3.0, 2.5], evals=[3.2, 2.0])
    text = page(admin, "training:run", run.uuid)
    assert "Queued" in text
    assert "3.2000" in text


def test_a_failure_is_said_on_the_run_s_page(page, admin, run):
    run.transition(Run.Status.FAILED, error={"code": "x", "message": "The file w.bin is gone.", "rows": ["r1"]})
    text = page(admin, "training:run", run.uuid)
    assert "The file w.bin is gone." in text
    assert "Resume" in text


def test_a_finished_run_compares_base_and_tuned(page, admin, run, tmp_path):
    result = {"base_eval_loss": 4.5, "eval_loss": 2.25, "trainable_parameters": 1234, "tokens": 99, "seconds": 61.0}
    Run.objects.filter(pk=run.pk).update(status="finished", result=result)
    run.refresh_from_db()
    (tmp_path / "adapter").mkdir()
    register_tuned(run=run, result=result, folder=tmp_path / "adapter")
    text = page(admin, "training:run", run.uuid)
    assert "4.500 → 2.250" in text
    assert "1 min 1 s" in text


def test_a_manager_reads_but_can_not_cancel(page, alice, run):
    assert "Cancel the run" not in page(manager(alice, run), "training:run", run.uuid)


def test_others_get_a_404(page, alice, run):
    page(alice, "training:run", run.uuid, status=404)


def test_only_the_changing_part_is_sent_to_htmx(page, admin, run):
    text = page(admin, "training:run", run.uuid, headers={"HX-Request": "true"})
    assert "<html" not in text
    assert 'id="state"' in text


def test_a_chart_is_data(client, admin, run):
    make.points(run, losses=[3.0, 2.5], evals=[3.2])
    client.force_login(admin, backend=BACKEND)
    data = client.get(reverse("training:run-chart", args=[run.uuid, "loss"])).json()
    assert [series["y"] for series in data["series"]] == [[3.0, 2.5], [3.2]]


def test_an_unknown_chart_is_a_404(page, admin, run):
    page(admin, "training:run-chart", run.uuid, "nothing", status=404)


def test_every_method_has_a_form(page, admin):
    for method in ("lora", "adalora", "prefix", "full", "bottleneck"):
        assert "Look first" in page(admin, "training:run-new", method=method)


def test_every_option_has_a_label_and_help():
    from dataclasses import fields

    from training.trainer.methods.options import METHODS
    from training.trainer.spec import TrainConfig
    from training.ui.help import HELP, LABELS

    names = {f.name for cls in (TrainConfig, *METHODS.values()) for f in fields(cls)}
    assert names - LABELS.keys() == set()
    assert names - HELP.keys() == set()


def submit(client, admin, run, **extra):
    client.force_login(admin, backend=BACKEND)
    form = {
        **{name: field.initial for name, field in RunForm(method="lora").fields.items() if field.initial is not None},
        "base_model": run.base_model.uuid,
        "version0": run.datasets.get().version.uuid,
        "weight0": "1",
        "method.r": "4",
        "config.epochs": "2",
        "config.batch_size": "4",
        **extra,
    }
    return client.post(reverse("training:run-new"), form)


def test_the_form_starts_a_run_with_its_values(client, admin, run):
    answer = submit(client, admin, run, name="from the form")
    made = Run.objects.get(name="from the form")
    assert answer.url == reverse("training:run", args=[made.uuid])
    assert (made.method["r"], made.config["epochs"], made.config["weight_decay"]) == (4, 2.0, 0.01)


def test_the_form_shows_the_service_s_faults_at_their_fields(client, admin, run):
    answer = submit(client, admin, run, **{"config.patience": "2", "config.packing": "on", "config.eps": "-1"})
    assert answer.status_code == 400
    assert answer.context["form"].errors.keys() == {"config.eps"}


def test_looking_first_makes_a_preflight(client, admin, run):
    answer = submit(client, admin, run, preflight="1")
    assert answer.url == reverse("training:preflight", args=[Preflight.objects.get().uuid])


def looked(admin, run, **result):
    preflight = create_preflight(
        actor=admin,
        base_model=run.base_model.uuid,
        datasets=[{"version": run.datasets.get().version.uuid, "weight": 1.0}],
        method={"name": "lora"},
    )
    Preflight.objects.filter(pk=preflight.pk).update(status="done", result=result)
    return preflight


RESULT = {
    "rows": [{"id": "a", "tokens": [{"text": "1+1=", "supervised": False}, {"text": "2", "supervised": True}]}],
    "counts": {
        "rows": 8,
        "tokens": 100,
        "supervised_tokens": 20,
        "dropped": {"too_long": {"count": 1, "ids": ["x"]}},
        "steps": 4,
    },
    "memory": {"peak_mb": 100.0, "available_mb": 1000.0, "fits": True, "reason": ""},
    "time": {"seconds": 125.0, "tokens_per_s": 50.0},
}


def test_a_preflight_marks_what_is_learnt(page, admin, run):
    text = page(admin, "training:preflight", looked(admin, run, **RESULT).uuid)
    assert "1+1=<ins>2</ins>" in text
    assert "20%" in text
    assert "2 min 5 s" in text


def test_a_run_that_would_not_fit_can_not_be_started_from_its_preflight(page, admin, run):
    memory = {**RESULT["memory"], "fits": False, "reason": "A step needs 9 GB."}
    text = page(admin, "training:preflight", looked(admin, run, **{**RESULT, "memory": memory}).uuid)
    assert "A step needs 9 GB." in text
    assert "Start this run" not in text


def test_runs_are_compared_by_what_differs(page, admin, run, tmp_path):
    other = make.run(admin, tmp_path, base=run.base_model, data=run.datasets.get().version, epochs=5.0)
    text = page(admin, "training:compare", run=[str(run.uuid), str(other.uuid)])
    assert "Epochs" in text
    assert "Base model" not in text


def test_a_model_is_registered_by_its_form(client, admin, tmp_path):
    client.force_login(admin, backend=BACKEND)
    answer = client.post(reverse("training:model-new"), {"name": "m", "path": str(tmp_path)})
    assert "config.json is missing" in answer.content.decode()
    assert not LanguageModel.objects.exists()
