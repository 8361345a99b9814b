"""Jobs by part; procrastinate imports this package."""

from evaluation.tasks import generation

__all__ = ["generation"]
