"""Jobs by part; procrastinate imports this package."""

from evaluation.tasks import conformance, generation, leaderboards, scoring, studies

__all__ = ["conformance", "generation", "leaderboards", "scoring", "studies"]
