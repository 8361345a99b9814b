from procrastinate.contrib.django import app

from evaluation.models import System
from evaluation.services.generation import generate as generate_outputs
from training.supervisor import HandedBack


@app.task(queue="gpu", name="evaluation.generate")
def generate(system: str) -> None:
    outcome = generate_outputs(system=System.objects.select_related("evaluation__evalset", "model").get(uuid=system))
    if outcome is not None and outcome.ending == "stopped":
        raise HandedBack
