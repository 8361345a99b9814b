"""Jobs of this app by name, enqueued in the caller's transaction: services and tasks need not know each other."""

from datetime import timedelta

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from evaluation.models import Delivery, Evaluation, Leaderboard, Study, System


def generate(system: System) -> None:
    app.configure_task("evaluation.generate", queue="gpu").defer(system=str(system.uuid))


def score(evaluation: Evaluation) -> None:
    app.configure_task("evaluation.score", queue="gpu").defer(evaluation=str(evaluation.uuid))


def build_snapshot(leaderboard: Leaderboard) -> None:
    """At most one waits: it reads everything when it starts."""
    task = app.configure_task("evaluation.build_snapshot", queue="cpu", queueing_lock=f"snapshot:{leaderboard.pk}")
    try:
        with transaction.atomic():
            task.defer(leaderboard=str(leaderboard.uuid))
    except AlreadyEnqueued:
        pass


def study_changed(study: Study) -> None:
    """A study has a new result: its leaderboards are built anew."""
    for leaderboard in study.leaderboards.all():
        build_snapshot(leaderboard)


def deliver(delivery: Delivery, *, after: timedelta | None = None) -> None:
    schedule = {"seconds": int(after.total_seconds())} if after else None
    app.configure_task("evaluation.deliver", queue="cpu", schedule_in=schedule).defer(delivery=str(delivery.uuid))


def conformance() -> None:
    app.configure_task("evaluation.conformance", queue="cpu").defer()
