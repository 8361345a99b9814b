from procrastinate.contrib.django import app

from evaluation.models import Delivery, Leaderboard
from evaluation.services import leaderboards, webhooks
from training.retries import WhenAsked


@app.task(queue="cpu", name="evaluation.build_snapshot", retry=WhenAsked())
def build_snapshot(leaderboard: str) -> None:
    leaderboards.build_snapshot(leaderboard=Leaderboard.objects.get(uuid=leaderboard))


@app.task(queue="cpu", name="evaluation.deliver", retry=WhenAsked())
def deliver(delivery: str) -> None:
    found = Delivery.objects.select_related("webhook", "snapshot__leaderboard").get(uuid=delivery)
    webhooks.deliver(delivery=found)
