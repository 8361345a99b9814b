from procrastinate.contrib.django import app

from evaluation.services.conformance import run_conformance
from training.retries import WhenAsked


@app.periodic(cron="17 3 * * *")
@app.task(queue="cpu", name="evaluation.conformance", retry=WhenAsked(), pass_context=False)
def conformance(timestamp: int = 0) -> None:
    run_conformance()
