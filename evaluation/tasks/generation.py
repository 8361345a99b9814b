from procrastinate.contrib.django import app

from evaluation.models import System
from evaluation.services.fetching import fetch as fetch_outputs
from evaluation.services.generation import generate as generate_outputs
from training.retries import WhenAsked


@app.task(queue="gpu", name="evaluation.generate", retry=WhenAsked())
def generate(system: str) -> None:
    generate_outputs(system=System.objects.select_related("evaluation__evalset", "model").get(uuid=system))


@app.task(queue="cpu", name="evaluation.fetch", retry=WhenAsked())
def fetch(system: str) -> None:
    fetch_outputs(system=System.objects.select_related("evaluation__evalset", "model__endpoint").get(uuid=system))
