"""Jobs by part; procrastinate imports this package."""

from evaluation.tasks import conformance, forgetting, generation, leaderboards, scoring, studies

__all__ = ["conformance", "forgetting", "generation", "leaderboards", "scoring", "studies"]
