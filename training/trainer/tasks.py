"""The tasks by name; each is imported when it is asked for."""

from pathlib import Path
from typing import Any

from training.trainer.events import Events
from training.trainer.ranks import Ranks
from training.trainer.run_dir import RunDir
from training.trainer.spec import Spec


def run(run_dir: RunDir, spec: Spec, events: Events, cache: Path, ranks: Ranks) -> dict[str, Any]:
    """The task's part of result.json."""
    if spec.task == "train":
        from training.trainer.training_task import train

        return train(run_dir, spec, events, cache, ranks)
    from training.trainer import export, generation, perplexity, preflight

    alone = {
        "preflight": preflight.preflight,
        "generate": generation.generate,
        "perplexity": perplexity.perplexity,
        "export": export.export,
    }
    return alone[spec.task](run_dir, spec, events, cache)
