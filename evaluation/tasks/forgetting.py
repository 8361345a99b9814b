from procrastinate.contrib.django import app

from evaluation.services.forgetting import evaluate_gates
from training.models import Run
from training.retries import WhenAsked


@app.task(queue="cpu", name="evaluation.run_finished", retry=WhenAsked())
def run_finished(run: str) -> None:
    evaluate_gates(run=Run.objects.get(uuid=run))
