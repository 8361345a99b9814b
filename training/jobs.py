"""Jobs of this app, enqueued in the caller's transaction; by name, so that services need not know the tasks."""

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from training.models import LanguageModel, Preflight, Run


def run_lock(run: Run) -> str:
    return f"run:{run.uuid}"


def execute(run: Run) -> None:
    """At most one waits; the lease decides between those that start."""
    task = app.configure_task("training.execute", queue="gpu", queueing_lock=run_lock(run))
    try:
        with transaction.atomic():
            task.defer(run=str(run.uuid))
    except AlreadyEnqueued:
        pass


def run_finished(run: Run) -> None:
    """Whoever is above and waits for the run is told by the job's name."""
    app.configure_task("evaluation.run_finished", queue="cpu").defer(run=str(run.uuid))


def preflight(preflight: Preflight) -> None:
    app.configure_task("training.preflight", queue="cpu").defer(preflight=str(preflight.uuid))


def fetch_model(model: LanguageModel) -> None:
    app.configure_task("training.fetch_model", queue="cpu").defer(model=str(model.uuid))
