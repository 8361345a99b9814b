from procrastinate.contrib.django import app

from training import execution, preflights
from training.models import LanguageModel, Preflight, Run
from training.retries import WhenAsked
from training.run_dirs import models_dir
from training.services import models


@app.task(queue="gpu", name="training.execute", retry=WhenAsked())
def execute(run: str) -> None:
    execution.execute(Run.objects.get(uuid=run))


@app.task(queue="cpu", name="training.preflight", retry=WhenAsked())
def preflight(preflight: str) -> None:
    preflights.execute(Preflight.objects.get(uuid=preflight))


@app.task(queue="cpu", name="training.fetch_model", retry=WhenAsked())
def fetch_model(model: str) -> None:
    found = LanguageModel.objects.get(uuid=model)
    models.fetch_model(model=found, folder=models_dir() / model)
