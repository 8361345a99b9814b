from procrastinate.contrib.django import app

from evaluation.models import Evaluation
from evaluation.services.correlating import correlate as correlate_with_people
from evaluation.services.scoring import score as score_outputs
from training.retries import WhenAsked


@app.task(queue="gpu", name="evaluation.score", retry=WhenAsked())
def score(evaluation: str) -> None:
    score_outputs(evaluation=Evaluation.objects.select_related("evalset").get(uuid=evaluation))


@app.task(queue="cpu", name="evaluation.correlate", retry=WhenAsked())
def correlate(evaluation: str) -> None:
    correlate_with_people(evaluation=Evaluation.objects.get(uuid=evaluation))
