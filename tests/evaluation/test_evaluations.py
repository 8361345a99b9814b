import json
from math import exp, log

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob

from evaluation.models import Evaluation, Output, Score, System
from evaluation.services.generation import generate
from evaluation.services.scoring import score
from sftlab.audit.models import Event
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, upload
from tests.factories.tiny_model import make_tiny_model

URL = "/api/v1/evaluations/"


@pytest.fixture
def evalset(admin):
    return make_evalset(admin)


@pytest.fixture
def tiny(admin, tmp_path):
    folder = make_tiny_model(tmp_path / "tiny")
    return make_model(admin, "tiny", kind="folder", path=str(folder))


@pytest.fixture
def runs(settings, tmp_path):
    settings.VAR_DIR = tmp_path / "var"
    return settings.VAR_DIR / "runs"


def jobs(name):
    return ProcrastinateJob.objects.filter(task_name=name)


def test_creating_queues_a_generation_for_each_model_with_weights(api, admin, evalset, tiny):
    elsewhere = make_model(admin, "elsewhere")
    body = {"evalset": evalset.uuid, "models": [tiny.uuid, elsewhere.uuid], "metrics": ["bleu"]}
    answer = api(admin).post(URL, body)
    assert answer.status_code == 201
    assert [system["status"] for system in answer.data["systems"]] == ["queued", "waiting"]
    assert jobs("evaluation.generate").count() == 1


def test_every_fault_is_listed_at_once(api, admin):
    nobody = "00000000-0000-4000-8000-000000000000"
    body = {"evalset": nobody, "models": [nobody], "metrics": ["blue"], "decoding": {"top_p": 2, "heat": 1}}
    answer = api(admin).post(URL, body)
    assert answer.status_code == 400
    fields = {error["field"] for error in answer.data["errors"]}
    assert fields == {"evalset", "models[0]", "metrics[0]", "decoding.top_p", "decoding.heat"}


def test_a_model_answers_and_is_scored_in_each_language(admin, evalset, tiny, runs):
    evaluation = make_evaluation(admin, evalset, tiny, metrics=("bleu", "rougeL", "length_ratio"))
    evaluation.decoding["max_new_tokens"] = 8
    evaluation.save()
    system = evaluation.systems.get()
    generate(system=system)
    evaluation.refresh_from_db()
    assert evaluation.status == Evaluation.Status.SCORING
    assert Output.objects.filter(system=system).count() == 4
    score(evaluation=evaluation)
    evaluation.refresh_from_db()
    assert evaluation.status == Evaluation.Status.DONE
    whole = Score.objects.filter(system=system, category="", metric="bleu")
    assert {found.language for found in whole} == {"en", "zh"}
    assert len({found.signature for found in whole}) == 2


def test_generation_goes_on_without_redoing_what_is_there(admin, evalset, tiny, runs):
    evaluation = make_evaluation(admin, evalset, tiny, metrics=())
    system = evaluation.systems.get()
    folder = runs / str(system.uuid)
    folder.mkdir(parents=True)
    kept = {"id": "en-1", "text": "kept", "tokens": 1, "finish": "stop"}
    evaluation.decoding["max_new_tokens"] = 4
    evaluation.save()
    (folder / "outputs.jsonl").write_text(json.dumps(kept) + "\n")
    generate(system=system)
    assert system.outputs.get(item__key="en-1").text == "kept"
    assert system.outputs.count() == 4


def test_a_model_tells_how_well_it_predicts_the_references(api, admin, evalset, tiny, runs):
    """From the trainer's own child; a model without weights here has no such number, and says why."""
    elsewhere = make_model(admin, "elsewhere")
    evaluation = make_evaluation(admin, evalset, tiny, elsewhere, metrics=("perplexity", "bits_per_char"))
    evaluation.decoding["max_new_tokens"] = 4
    evaluation.save()
    generate(system=evaluation.systems.get(model=tiny))
    upload(admin, evaluation, elsewhere)
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    found = api(admin).get(f"{URL}{evaluation.uuid}/scores/?by=all").data
    own = {(row["metric"], row["language"]): row for row in found if row["model"] == "tiny"}
    lines = (runs / f"{evaluation.systems.get(model=tiny).uuid}-references" / "outputs.jsonl").read_text().splitlines()
    nll, tokens = (
        sum(row[name] for row in map(json.loads, lines) if row["id"] in ("zh-1", "zh-2")) for name in ("nll", "tokens")
    )
    characters = len(PERFECT["zh-1"]) + len(PERFECT["zh-2"])
    assert own["perplexity", "zh"]["value"] == pytest.approx(exp(nll / tokens))
    assert own["bits_per_char", "zh"]["value"] == pytest.approx(nll / log(2) / characters)
    reasons = {row["reason"] for row in found if row["model"] == "elsewhere"}
    assert reasons == {"no model predicted the references: its weights are not here"}


def test_a_model_whose_folder_is_gone_fails_and_says_so(admin, evalset, runs, tmp_path):
    model = make_model(admin, "gone", kind="folder", path=str(tmp_path / "gone"))
    evaluation = make_evaluation(admin, evalset, model)
    generate(system=evaluation.systems.get())
    evaluation.refresh_from_db()
    assert evaluation.status == Evaluation.Status.FAILED
    assert str(tmp_path / "gone") in evaluation.systems.get().error


def test_a_cancelled_system_is_not_generated(api, admin, evalset, tiny, runs):
    evaluation = make_evaluation(admin, evalset, tiny)
    assert api(admin).post(f"{URL}{evaluation.uuid}/cancel/").data["status"] == "cancelled"
    generate(system=evaluation.systems.get())
    assert not runs.exists()


def test_a_cancelled_evaluation_can_be_resumed(api, admin, evalset, tiny):
    evaluation = make_evaluation(admin, evalset, tiny)
    client = api(admin)
    client.post(f"{URL}{evaluation.uuid}/cancel/")
    answer = client.post(f"{URL}{evaluation.uuid}/resume/")
    assert answer.data["systems"][0]["status"] == "queued"
    assert client.post(f"{URL}{evaluation.uuid}/resume/").status_code == 409


class TestUpload:
    @pytest.fixture
    def model(self, admin):
        return make_model(admin, "elsewhere")

    @pytest.fixture
    def evaluation(self, admin, evalset, model):
        return make_evaluation(admin, evalset, model)

    def lines(self, api, admin, evaluation, model, text):
        path = f"{URL}{evaluation.uuid}/outputs/?model={model.uuid}"
        return api(admin).post(path, text, content_type="application/x-ndjson")

    def test_json_lines_are_saved_once(self, api, admin, evaluation, model):
        text = "\n".join(json.dumps({"id": key, "text": value}) for key, value in PERFECT.items())
        assert self.lines(api, admin, evaluation, model, text).data["created"] == 4
        assert self.lines(api, admin, evaluation, model, text).data["duplicates"] == 4
        assert Output.objects.count() == 4

    def test_the_last_output_starts_the_scoring(self, api, admin, evaluation, model):
        upload(admin, evaluation, model)
        evaluation.refresh_from_db()
        assert evaluation.status == "scoring"
        assert jobs("evaluation.score").count() == 1

    def test_a_broken_line_is_named(self, api, admin, evaluation, model):
        answer = self.lines(api, admin, evaluation, model, '{"id": "en-1", "text": "a"}\n{"id"')
        assert answer.status_code == 400
        assert "Line 2" in answer.data["message"]

    def test_bad_rows_are_listed_and_good_ones_kept(self, api, admin, evaluation, model):
        rows = [{"id": "en-1", "text": "a"}, {"id": "en-2"}, {"id": "nowhere", "text": "b"}]
        answer = api(admin).post(f"{URL}{evaluation.uuid}/outputs/?model={model.uuid}", rows)
        assert answer.data["created"] == 1
        assert [(error["row"], error["field"]) for error in answer.data["errors"]] == [(1, "text"), (-1, "id")]

    def test_outputs_of_a_model_that_runs_here_are_refused(self, api, admin, evalset, tiny):
        evaluation = make_evaluation(admin, evalset, tiny)
        answer = api(admin).post(f"{URL}{evaluation.uuid}/outputs/?model={tiny.uuid}", [{"id": "en-1", "text": "a"}])
        assert answer.status_code == 409

    def test_a_written_output_stays_as_it_is(self, api, admin, evaluation, model):
        upload(admin, evaluation, model, {"en-1": "first"})
        upload(admin, evaluation, model, {"en-1": "second"})
        assert Output.objects.get().text == "first"


def test_scores_carry_signature_interval_and_categories(admin, evalset, runs):
    model = make_model(admin, "perfect")
    evaluation = make_evaluation(admin, evalset, model)
    system = upload(admin, evaluation, model)
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    english = system.scores.get(language="en", category="")
    assert english.value == pytest.approx(100)
    assert english.low == pytest.approx(100)
    assert english.n == 2
    assert "bleu" in english.signature
    assert system.scores.get(language="zh", category="fact").n == 1


def test_two_systems_are_compared_over_the_same_items(api, admin, evalset, runs):
    models = [make_model(admin, name) for name in ("good", "bad")]
    evaluation = make_evaluation(admin, evalset, *models)
    upload(admin, evaluation, models[0])
    upload(admin, evaluation, models[1], {key: text[: len(text) // 2] for key, text in PERFECT.items()})
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    evaluation.refresh_from_db()
    (comparison,) = evaluation.comparisons["en"]["bleu"]
    assert comparison["difference"] > 0
    found = api(admin).get(f"{URL}{evaluation.uuid}/items/?metric=bleu").data["results"]
    assert [row["spread"] for row in found] == sorted((row["spread"] for row in found), reverse=True)


def test_scoring_again_with_other_metrics_replaces_nothing_else(api, admin, evalset, runs):
    model = make_model(admin, "perfect")
    evaluation = make_evaluation(admin, evalset, model)
    upload(admin, evaluation, model)
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    answer = api(admin).post(f"{URL}{evaluation.uuid}/score/", {"metrics": ["bleu", "chrf"]})
    assert answer.status_code == 202
    evaluation.refresh_from_db()
    score(evaluation=evaluation)
    assert set(Score.objects.values_list("metric", flat=True)) == {"bleu", "chrf"}


def test_what_people_do_is_in_the_audit_log(admin, evalset):
    evaluation = make_evaluation(admin, evalset, make_model(admin, "elsewhere"))
    assert Event.objects.filter(verb="evaluation.create", object_id=str(evaluation.uuid)).exists()


def test_others_than_admins_are_refused(api, admin, alice, evalset):
    evaluation = make_evaluation(admin, evalset, make_model(admin, "elsewhere"))
    assert api(alice).get(f"{URL}{evaluation.uuid}/").status_code == 403
    assert api(alice).post(f"{URL}{evaluation.uuid}/outputs/", []).status_code == 403
    assert System.objects.get().done == 0
