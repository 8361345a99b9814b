from math import cos, pi

import pytest

from training.trainer.schedules import Plateau, rate
from training.trainer.spec import TrainConfig


def rates(steps: int = 10, **config: object) -> list[float]:
    settings = TrainConfig(**{"warmup_ratio": 0.0, **config})  # type: ignore[arg-type]
    return [rate(settings, step, steps) for step in range(steps)]


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", [1.0] * 10),
        ("linear", [1 - i / 10 for i in range(10)]),
        ("cosine", [(1 + cos(pi * i / 10)) / 2 for i in range(10)]),
        ("polynomial", [(1 - i / 10) ** 2 for i in range(10)]),
        ("step", [1.0] * 4 + [0.1] * 4 + [0.01] * 2),
    ],
)
def test_the_rate_falls_as_the_schedule_says(schedule: str, expected: list[float]) -> None:
    assert rates(schedule=schedule, power=2.0) == pytest.approx(expected)


def test_warmup_rises_evenly_and_goes_on_with_the_highest_rate() -> None:
    assert rates(schedule="constant", warmup_steps=3) == pytest.approx([0.25, 0.5, 0.75] + [1.0] * 7)


def test_warmup_may_be_a_share_of_the_steps() -> None:
    assert rates(schedule="constant", warmup_ratio=0.2)[:3] == pytest.approx([1 / 3, 2 / 3, 1.0])


def test_the_rate_ends_at_its_floor() -> None:
    assert rates(schedule="linear", min_lr_ratio=0.5)[-1] == pytest.approx(0.55)


def test_a_plateau_drops_the_rate_after_its_patience() -> None:
    plateau, config = Plateau(), TrainConfig(plateau_patience=1, decay_factor=0.5)
    scales = []
    for loss in (3.0, 2.0, 2.0, 2.1, 1.0, 1.0, 1.0):
        plateau.see(loss, config)
        scales.append(plateau.scale)
    assert scales == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]
