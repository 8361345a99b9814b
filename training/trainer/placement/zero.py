"""DeepSpeed ZeRO: gradients and optimizer state cut over the processes (stage 2), the weights too (stage 3)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from training.trainer.checkpoints import Checkpoint, load_optimizer
from training.trainer.placement.whole import Root, Whole
from training.trainer.ranks import Ranks
from training.trainer.spec import TrainConfig
from training.trainer.tuned import Tuned


class Zero(Whole):
    """DeepSpeed averages over processes, so losses are given to it multiplied by their number. Optimizer state is
    written by DeepSpeed itself, one file a process: a run goes on with as many processes as it had."""

    def __init__(self, tuned: Tuned, config: TrainConfig, ranks: Ranks) -> None:
        import deepspeed

        super().__init__(tuned, config, ranks)
        self.engine, self.optimizer, *_ = deepspeed.initialize(
            model=Root(tuned), optimizer=self.optimizer, config=settings(config, ranks.world)
        )
        tuned.root = self.engine

    def forget_gradients(self) -> None:
        """The engine's step does."""

    def backward(self, loss: Tensor, *, last: bool) -> None:
        self.engine.set_gradient_accumulation_boundary(is_boundary=last)
        self.engine.backward(loss * self.ranks.world)

    def step(self, rate: float) -> float:
        self._set_rate(rate)
        self.engine.step()
        return float(self.engine.get_global_grad_norm())

    def weights(self) -> Mapping[str, Tensor]:
        from deepspeed.utils import safe_get_full_fp32_param

        return {name: safe_get_full_fp32_param(p).detach().cpu() for name, p in self.named.items()}

    def state(self) -> dict[str, Any]:
        return {}

    def write_parts(self, folder: Path) -> bool:
        self.engine.save_checkpoint(str(folder), tag="parts", save_latest=False)
        return True

    def load(self, checkpoint: Checkpoint) -> dict[str, Any]:
        self.engine.load_checkpoint(str(checkpoint.parts), tag="parts")
        saved: dict[str, Any] = load_optimizer(checkpoint)
        return saved


def settings(config: TrainConfig, world: int) -> dict[str, Any]:
    """DeepSpeed's configuration, by Accelerate's plugin."""
    from accelerate import DeepSpeedPlugin

    plugin = DeepSpeedPlugin(
        zero_stage=int(config.sharding[-1]),
        gradient_accumulation_steps=1,
        gradient_clipping=config.max_grad_norm or 0.0,
    )
    plugin.deepspeed_config_process(
        must_match=False, train_micro_batch_size_per_gpu=1, train_batch_size=world, gradient_clipping=0.0
    )
    found: dict[str, Any] = plugin.deepspeed_config
    return found | {"zero_allow_untested_optimizer": True}
