"""What fine-tuning costs: the verdict by its interval, and gates of runs from setting to verdict."""

import pytest

from evaluation.forgetting import judge, overall
from evaluation.models import Evaluation, ForgettingGate
from evaluation.services.forgetting import decide, evaluate_gates
from evaluation.services.scoring import score
from tests.evaluation.factories import PERFECT, make_evalset, make_model, upload
from training.models import LanguageModel, Run

HALF = {key: text[: len(text) // 2] for key, text in PERFECT.items()}


def compared(low, high):
    return {"difference": (low + high) / 2, "low": low, "high": high, "n": 9}


def verdict(comparison, *, margin=1.0, lower_is_better=False):
    return judge(comparison, metric="m", language="en", margin=margin, lower_is_better=lower_is_better).verdict


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(-3, -1, "passed"), (-1, 1, "passed"), (0.5, 1.5, "undecided"), (1.5, 2, "failed"), (-2, 3, "undecided")],
)
def test_the_whole_interval_decides(low, high, expected):
    assert verdict(compared(low, high)) == expected


def test_where_less_is_better_a_rise_is_a_loss():
    """The base's error rate less the tuned model's: below 0, the tuned one makes more errors."""
    assert verdict(compared(-5, -4), lower_is_better=True) == "failed"
    assert verdict(compared(4, 5), lower_is_better=True) == "passed"


def test_what_was_not_computed_decides_nothing():
    assert verdict(None) == "undecided"


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [(["passed", "passed"], "passed"), (["passed", "undecided"], "undecided"), (["undecided", "failed"], "failed")],
)
def test_one_loss_is_enough(verdicts, expected):
    assert overall(verdicts) == expected


@pytest.fixture
def run(admin):
    base = make_model(admin, "base")
    return Run.objects.create(
        name="tune", created_by=admin, base_model=base, method={"name": "lora"}, config={}, status="running"
    )


@pytest.fixture
def evalset(admin):
    return make_evalset(admin, name="general")


def url(run):
    return f"/api/v1/runs/{run.uuid}/forgetting/"


def set_gate(api, admin, run, evalset, **margins):
    return api(admin).post(url(run), {"evalset": evalset.uuid, "margins": margins or {"chrf": 5}})


def finish(admin, run):
    run.status = "finished"
    run.save()
    tuned = LanguageModel.objects.create(name="tuned", kind="tuned", base=run.base_model, run=run, registered_by=admin)
    evaluate_gates(run=run)
    return tuned


def evaluate(admin, run, tuned, texts):
    evaluation = Evaluation.objects.get()
    upload(admin, evaluation, run.base_model)
    upload(admin, evaluation, tuned, texts)
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    return evaluation


def test_a_gate_waits_for_its_run(api, admin, run, evalset):
    answer = set_gate(api, admin, run, evalset)
    assert answer.status_code == 201
    assert (answer.data["status"], answer.data["passed"]) == ("waiting", None)
    assert not Evaluation.objects.exists()


def test_a_finished_run_is_evaluated_against_its_base(api, admin, run, evalset):
    set_gate(api, admin, run, evalset)
    tuned = finish(admin, run)
    evaluate_gates(run=run)
    evaluation = Evaluation.objects.get()
    assert [system.model for system in evaluation.systems.all()] == [run.base_model, tuned]
    assert evaluation.metrics == ["chrf"]


def test_a_gate_for_a_finished_run_starts_at_once(api, admin, run, evalset):
    finish(admin, run)
    assert set_gate(api, admin, run, evalset).data["status"] == "evaluating"


@pytest.mark.parametrize(("texts", "passed"), [(PERFECT, True), (HALF, False)], ids=["kept", "lost"])
def test_the_verdict_follows_the_evaluation(api, admin, run, evalset, settings, tmp_path, texts, passed):
    settings.VAR_DIR = tmp_path
    set_gate(api, admin, run, evalset)
    tuned = finish(admin, run)
    evaluate(admin, run, tuned, texts)
    (gate,) = api(admin).get(url(run)).data
    assert gate["passed"] is passed
    assert {one["language"] for one in gate["result"]} == {"en", "zh"}
    assert all(one["low"] <= one["lost"] <= one["high"] for one in gate["result"])
    tuned.refresh_from_db()
    assert bool(tuned.problem) is not passed


def test_a_margin_is_not_changed_once_the_evaluation_has_begun(api, admin, run, evalset):
    assert set_gate(api, admin, run, evalset, chrf=1).status_code == 201
    assert set_gate(api, admin, run, evalset, chrf=2).data["margins"] == {"chrf": 2.0}
    finish(admin, run)
    assert set_gate(api, admin, run, evalset, chrf=50).status_code == 409
    assert ForgettingGate.objects.get().margins == {"chrf": 2.0}


def test_an_evaluation_of_no_run_decides_nothing(admin, evalset, run):
    decide(evaluation=Evaluation(pk=0))
    assert not ForgettingGate.objects.exists()


@pytest.mark.parametrize(
    "margins", [{}, {"blue": 1}, {"length_ratio": 1}, {"chrf": -1}], ids=["none", "unknown", "neither", "negative"]
)
def test_what_can_not_be_judged_by_is_refused(api, admin, run, evalset, margins):
    answer = api(admin).post(url(run), {"evalset": evalset.uuid, "margins": margins})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["field"].startswith("margins")


def test_others_than_admins_are_refused(api, alice, run):
    assert api(alice).get(url(run)).status_code == 403
    assert api(alice).post(url(run), {}).status_code == 403
    assert api().get(url(run)).status_code == 401


def test_an_unknown_run_is_a_404(api, admin):
    assert api(admin).get("/api/v1/runs/00000000-0000-4000-8000-000000000000/forgetting/").status_code == 404


class TestPage:
    def test_a_gate_is_set_and_shown(self, client, admin, run, evalset):
        client.force_login(admin)
        form = {"evalset": evalset.pk, "metric": "chrf", "margin": 2, "max_new_tokens": 32}
        page = client.post(f"/runs/{run.uuid}/forgetting/", form, follow=True).content.decode()
        assert "general v1" in page
        assert ForgettingGate.objects.get().decoding["max_new_tokens"] == 32

    def test_is_found_from_the_run(self, client, admin, run):
        client.force_login(admin)
        assert f"/runs/{run.uuid}/forgetting/" in client.get(f"/runs/{run.uuid}/").content.decode()

    def test_does_not_exist_for_others(self, client, alice, run):
        client.force_login(alice)
        assert client.get(f"/runs/{run.uuid}/forgetting/").status_code == 404
