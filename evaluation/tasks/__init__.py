"""Jobs by part; procrastinate imports this package."""

from evaluation.tasks import generation, leaderboards, scoring, studies

__all__ = ["generation", "leaderboards", "scoring", "studies"]
