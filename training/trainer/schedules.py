"""The learning rate as a share of the highest one: pure, so that a resumed run needs no state but the plateau's."""

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, cos, pi

from training.trainer.spec import TrainConfig


def warmup_steps(config: TrainConfig, steps: int) -> int:
    return config.warmup_steps if config.warmup_steps is not None else ceil(config.warmup_ratio * steps)


def rate(config: TrainConfig, step: int, steps: int) -> float:
    """For step 0, 1, …, steps - 1."""
    warmup = warmup_steps(config, steps)
    if step < warmup:
        return (step + 1) / (warmup + 1)
    done = (step - warmup) / max(1, steps - warmup)
    floor = config.min_lr_ratio
    return floor + (1 - floor) * DECAYS[config.schedule](config, done, step, steps)


def _step(config: TrainConfig, done: float, step: int, steps: int) -> float:
    return config.decay_factor ** (step // (config.decay_every or max(1, ceil(steps / 3))))


Decay = Callable[[TrainConfig, float, int, int], float]
DECAYS: dict[str, Decay] = {
    "cosine": lambda config, done, step, steps: (1 + cos(pi * done)) / 2,
    "linear": lambda config, done, step, steps: 1 - done,
    "polynomial": lambda config, done, step, steps: float((1 - done) ** config.power),
    "constant": lambda config, done, step, steps: 1.0,
    "plateau": lambda config, done, step, steps: 1.0,
    "step": _step,
}


@dataclass
class Plateau:
    """Drops the rate after evaluations that bring no improvement."""

    scale: float = 1.0
    best: float = float("inf")
    bad: int = 0

    def see(self, loss: float, config: TrainConfig) -> None:
        if loss < self.best - config.min_delta:
            self.best, self.bad = loss, 0
            return
        self.bad += 1
        if self.bad > config.plateau_patience:
            self.scale, self.bad = self.scale * config.decay_factor, 0
