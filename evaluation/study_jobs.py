"""Jobs of studies, enqueued in the caller's transaction by name."""

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from evaluation.models.studies import Study


def refresh_later(study: Study) -> None:
    """At most one waits: it reads every vote when it starts."""
    try:
        with transaction.atomic():
            app.configure_task("evaluation.refresh_study", queue="cpu", queueing_lock=f"study:{study.pk}").defer(
                study=str(study.uuid)
            )
    except AlreadyEnqueued:
        pass


def report_later(study: Study) -> None:
    app.configure_task("evaluation.report_study", queue="cpu").defer(study=str(study.uuid))
