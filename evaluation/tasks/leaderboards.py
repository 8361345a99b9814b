from procrastinate.contrib.django import app

from evaluation.models import Leaderboard
from evaluation.services import leaderboards
from training.retries import WhenAsked


@app.task(queue="cpu", name="evaluation.build_snapshot", retry=WhenAsked())
def build_snapshot(leaderboard: str) -> None:
    leaderboards.build_snapshot(leaderboard=Leaderboard.objects.get(uuid=leaderboard))
