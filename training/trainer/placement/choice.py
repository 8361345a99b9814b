"""Which placement a run asked for."""

from training.trainer.placement.whole import Whole
from training.trainer.ranks import Ranks
from training.trainer.spec import TrainSpec
from training.trainer.tuned import Tuned


def placed(tuned: Tuned, body: TrainSpec, ranks: Ranks) -> Whole:
    """Where the weights are cut, `tuned` works through `tuned.root` from now on."""
    if body.config.sharding == "fsdp":
        from training.trainer.placement.fsdp import Fsdp

        return Fsdp(tuned, body.config, ranks)
    if body.config.sharding in ("zero2", "zero3"):
        from training.trainer.placement.zero import Zero

        return Zero(tuned, body.config, ranks)
    return Whole(tuned, body.config, ranks)
