"""Scores from a panel of raters who differ in severity and taste, on items that suit systems differently."""

from dataclasses import dataclass

import numpy as np

from sftlab.stats.arrays import Floats
from sftlab.stats.severity import Scores


@dataclass(frozen=True)
class ScorePanel:
    means: tuple[float, ...] = (3.0, 3.2, 3.5, 3.9)
    raters: int = 40
    items: int = 200
    raters_per_output: int = 3
    severity: float = 0.5
    taste: float = 0.3
    difficulty: float = 0.4
    luck: float = 0.5
    noise: float = 0.8
    rounded: bool = False


def panel_scores(panel: ScorePanel, rng: np.random.Generator) -> tuple[Scores, Floats]:
    """With each rater's severity: how far below the average rater over all systems."""
    systems = len(panel.means)
    item = np.repeat(np.arange(panel.items), systems * panel.raters_per_output)
    system = np.tile(np.repeat(np.arange(systems), panel.raters_per_output), panel.items)
    rater = rng.integers(0, panel.raters, len(item))
    harsh = rng.normal(0, panel.severity, panel.raters)
    taste = rng.normal(0, panel.taste, (panel.raters, systems))
    difficulty = rng.normal(0, panel.difficulty, panel.items)
    luck = rng.normal(0, panel.luck, (panel.items, systems))
    values = np.array(panel.means)[system] - harsh[rater] + taste[rater, system]
    values += luck[item, system] - difficulty[item] + rng.normal(0, panel.noise, len(item))
    names = tuple(f"system {index}" for index in range(systems))
    people = tuple(f"rater {index:03d}" for index in range(panel.raters))
    scores = Scores(names, people, system, rater, item, on_scale(panel, values), panel.items)
    return scores, harsh - taste.mean(axis=1)


def population_means(panel: ScorePanel) -> Floats:
    """What the mean score would be over all raters and items."""
    variances = np.square([panel.severity, panel.taste, panel.difficulty, panel.luck, panel.noise])
    draws = np.random.default_rng(99).normal(0, np.sqrt(variances.sum()), 1_000_000)
    return np.array([on_scale(panel, mean + draws).mean() for mean in panel.means])


def on_scale(panel: ScorePanel, values: Floats) -> Floats:
    return np.clip(np.round(values), 1, 5) if panel.rounded else values
