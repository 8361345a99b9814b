"""Metrics set against the votes of a study of the same outputs."""

import pytest
from procrastinate.contrib.django.models import ProcrastinateJob
from scipy import stats

from evaluation.models import Evaluation, ItemScore
from evaluation.models.studies import Rating
from evaluation.services.correlating import correlate
from evaluation.services.studies import rating as services
from evaluation.services.studies.report import make_report
from evaluation.services.studies.results import close_study
from tests.evaluation.factories import score_here

DIMENSION = "helpfulness"


def liked(output):
    """What everybody here thinks of an output: nothing that a metric knows."""
    return 1 + (output.pk * 7) % 5


def score_all(rater, study):
    while rating := services.claim(user=rater, study=study):
        shown = Rating.objects.get(uuid=rating.uuid).slot.left.output
        body = {"scores": {DIMENSION: liked(shown)}}
        services.submit(user=rater, uuid=rating.uuid, key=str(rating.uuid), body=body)


@pytest.fixture
def evaluation(make_study, alice, bob):
    """Scored by chrF and TER, and every answer by two people."""
    study = make_study(raters=[alice, bob], design="likert", dimensions=[DIMENSION])
    found = Evaluation.objects.get()
    found.metrics = ["chrf", "ter"]
    found.save()
    score_here(found)
    for rater in (alice, bob):
        score_all(rater, study)
    close_study(actor=study.created_by, study=study)
    study.refresh_from_db()
    make_report(study=study)
    correlate(evaluation=found)
    return Evaluation.objects.get(pk=found.pk)


def rows(api, admin, evaluation, **asked):
    return api(admin).get(f"/api/v1/evaluations/{evaluation.uuid}/correlations/", asked).data


def test_item_level_is_the_metric_against_the_mean_score_of_each_answer(api, admin, evaluation):
    found = next(one for one in rows(api, admin, evaluation, metric="chrf", language="zh") if one["level"] == "item")
    scores = list(ItemScore.objects.filter(metric="chrf", output__item__language="zh").select_related("output"))
    sides = [one.value for one in scores], [liked(one.output) for one in scores]
    assert found["n"] == len(scores) == 4
    assert found["pearson"] == pytest.approx(stats.pearsonr(*sides).statistic)
    assert found["kendall"] == pytest.approx(stats.kendalltau(*sides).statistic)
    assert found["judged"] == DIMENSION


def test_a_metric_where_less_is_better_has_its_sign_turned(api, admin, evaluation):
    found = next(one for one in rows(api, admin, evaluation, metric="ter", language="en") if one["level"] == "item")
    scores = list(ItemScore.objects.filter(metric="ter", output__item__language="en").select_related("output"))
    sides = [-one.value for one in scores], [liked(one.output) for one in scores]
    assert found["spearman"] == pytest.approx(stats.spearmanr(*sides).statistic)


def test_two_models_are_too_few_for_the_system_level(api, admin, evaluation):
    found = [one for one in rows(api, admin, evaluation) if one["level"] == "system"]
    assert found
    assert {(one["pearson"], one["pearson_reason"], one["n"]) for one in found} == {(None, "too_few", 2)}


def test_the_page_shows_them_with_the_study(client, admin, evaluation):
    client.force_login(admin)
    page = client.get(f"/evaluations/{evaluation.uuid}/").content.decode()
    assert "Agreement of metrics with people" in page
    assert "Winter" in page


def test_a_report_and_a_scoring_ask_for_it_once(evaluation):
    (job,) = ProcrastinateJob.objects.filter(task_name="evaluation.correlate", status="todo")
    assert job.args == {"evaluation": str(evaluation.uuid)}
