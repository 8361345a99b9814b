"""A study of two systems with four items, its raters, and what it takes to rate."""

import pytest

from evaluation.models.studies import Study
from evaluation.services.studies.creating import create_study
from evaluation.services.studies.members import add_member
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, upload

SECRETS = ("zircon-7b", "quasar-lora")


@pytest.fixture
def evalset(admin):
    return make_evalset(admin)


@pytest.fixture
def compared(admin, evalset):
    """Two models whose outputs on the set are there."""
    models = [make_model(admin, name) for name in SECRETS]
    evaluation = make_evaluation(admin, evalset, *models)
    for model in models:
        upload(admin, evaluation, model, {key: f"{text} ({len(model.name)})" for key, text in PERFECT.items()})
    return models


@pytest.fixture
def make_study(admin, evalset, compared):
    def make(*, raters=(), **options) -> Study:
        options = {"design": "pairwise", "raters_per_unit": 2, "seed": 7, "name": "Winter", **options}
        config = {"check_rate": 0, **options.pop("config", {})}
        models = options.pop("models", compared)
        study = create_study(
            actor=admin, evalset=evalset.uuid, models=[one.uuid for one in models], config=config, **options
        )
        for rater in raters:
            add_member(actor=admin, study=study, username=rater.username, role="rater")
        return study

    return make


@pytest.fixture
def study(make_study, alice, bob):
    return make_study(raters=[alice, bob])
