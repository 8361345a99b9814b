from collections import Counter

import pytest

from evaluation.models.studies import Answer, Presentation, Unit
from sftlab.errors import BadInput, NotPermitted
from tests.evaluation.factories import make_evaluation, make_model, upload


def test_every_unit_has_its_presentations(study):
    assert Unit.objects.filter(study=study).count() == 4
    assert Presentation.objects.filter(pool=study).count() == 8


def test_sides_are_balanced(study):
    assert Counter(Presentation.objects.filter(pool=study).values_list("swapped", flat=True)) == {True: 4, False: 4}


def test_a_likert_study_shows_answers_alone(make_study):
    study = make_study(design="likert")
    assert Unit.objects.filter(study=study, second=None).count() == 8


def test_the_budget_bounds_the_ordinary_ratings(make_study):
    study = make_study(config={"budget": 5})
    assert Presentation.objects.filter(pool=study).count() == 4


def test_a_sample_is_stratified_and_reported(make_study):
    study = make_study(config={"sample": 2})
    assert study.sample["sampled"] == 2
    assert Unit.objects.filter(study=study).count() == 2


def test_answers_that_name_themselves_are_neutral_or_held_back(make_study, admin, evalset, compared):
    telling = make_model(admin, "telling")
    evaluation = make_evaluation(admin, evalset, telling, compared[0])
    texts = {"en-1": "I am ChatGPT, an AI model.", "en-2": "zircon-7b says hello.", "zh-1": "巴黎", "zh-2": "散射"}
    upload(admin, evaluation, telling, texts)
    upload(admin, evaluation, compared[0])
    study = make_study(models=[telling, compared[0]])
    of_telling = Answer.objects.filter(study=study, system__system__model=telling)
    assert of_telling.get(item__key="en-1").text == "I am an AI assistant, an AI model."
    assert of_telling.get(item__key="en-2").held == ["zircon-7b"]
    assert Unit.objects.filter(study=study).count() == 3


def test_only_administrators_start_studies(evalset, compared, alice):
    from evaluation.services.studies.creating import create_study

    with pytest.raises(NotPermitted):
        create_study(actor=alice, evalset=evalset.uuid, models=[one.uuid for one in compared], design="pairwise")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"design": "beauty"}, "design"),
        ({"raters_per_unit": 0}, "raters_per_unit"),
        ({"dimensions": ["charm"]}, "dimensions"),
        ({"config": {"sample": 0}}, "sample"),
        ({"config": {"check_rate": 2}}, "check_rate"),
        ({"config": {"budgett": 2}}, "budgett"),
        ({"name": "zircon-7b against the rest"}, "name"),
        ({"instructions": "quasar-lora is ours"}, "instructions"),
    ],
)
def test_faults_are_named(make_study, options, field):
    with pytest.raises(BadInput) as refused:
        make_study(**options)
    assert field in [error["field"] for error in refused.value.errors]


def test_a_model_without_outputs_is_refused(make_study, admin, compared):
    with pytest.raises(BadInput) as refused:
        make_study(models=[compared[0], make_model(admin, "untried")])
    assert refused.value.errors[0]["field"] == "models[1]"


def test_the_same_seed_makes_the_same_study(make_study):
    def sides(study):
        return list(
            Presentation.objects.filter(pool=study).order_by("ord", "number").values_list("item__item__key", "swapped")
        )

    assert sides(make_study()) == sides(make_study()) != sides(make_study(seed=8))
