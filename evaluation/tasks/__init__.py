"""Jobs by part; procrastinate imports this package."""

from evaluation.tasks import generation, scoring

__all__ = ["generation", "scoring"]
