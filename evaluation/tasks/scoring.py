from procrastinate.contrib.django import app

from evaluation.models import Evaluation
from evaluation.services.scoring import score as score_outputs
from training.supervisor import HandedBack


@app.task(queue="gpu", name="evaluation.score")
def score(evaluation: str) -> None:
    outcome = score_outputs(evaluation=Evaluation.objects.select_related("evalset").get(uuid=evaluation))
    if outcome is not None and outcome.ending == "stopped":
        raise HandedBack
