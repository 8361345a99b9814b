"""Jobs of this app by name, enqueued in the caller's transaction: services and tasks need not know each other."""

from datetime import timedelta

from django.db import transaction
from procrastinate.contrib.django import app
from procrastinate.exceptions import AlreadyEnqueued

from evaluation.models import Delivery, Evaluation, Leaderboard, Study, System


def write_outputs(system: System) -> None:
    """By the model itself, or by its endpoint."""
    task, queue = ("fetch", "cpu") if system.source == System.Source.FETCHED else ("generate", "gpu")
    app.configure_task(f"evaluation.{task}", queue=queue).defer(system=str(system.uuid))


def score(evaluation: Evaluation) -> None:
    app.configure_task("evaluation.score", queue="gpu").defer(evaluation=str(evaluation.uuid))


def correlate(evaluation: Evaluation) -> None:
    """At most one waits: it reads every vote when it starts."""
    _once("evaluation.correlate", f"correlate:{evaluation.pk}", evaluation=str(evaluation.uuid))


def build_snapshot(leaderboard: Leaderboard) -> None:
    """At most one waits: it reads everything when it starts."""
    _once("evaluation.build_snapshot", f"snapshot:{leaderboard.pk}", leaderboard=str(leaderboard.uuid))


def _once(task: str, lock: str, **arguments: str) -> None:
    try:
        with transaction.atomic():
            app.configure_task(task, queue="cpu", queueing_lock=lock).defer(**arguments)
    except AlreadyEnqueued:
        pass


def study_changed(study: Study) -> None:
    """A study has a new result: its leaderboards are built anew, and metrics are set against its votes."""
    for evaluation in Evaluation.objects.filter(systems__in=study.systems.values("system")).distinct():
        correlate(evaluation)
    for leaderboard in study.leaderboards.all():
        build_snapshot(leaderboard)


def deliver(delivery: Delivery, *, after: timedelta | None = None) -> None:
    schedule = {"seconds": int(after.total_seconds())} if after else None
    app.configure_task("evaluation.deliver", queue="cpu", schedule_in=schedule).defer(delivery=str(delivery.uuid))


def conformance() -> None:
    app.configure_task("evaluation.conformance", queue="cpu").defer()
