"""Votes from a population of raters and items that differ, for simulations in the tests and in the bench."""

from dataclasses import dataclass, replace

import numpy as np

from sftlab.stats.arrays import Floats, Ints
from sftlab.stats.pairing import pair_chances
from sftlab.stats.ranking import rank
from sftlab.stats.stopping import State, StopRule, verdict
from sftlab.stats.votes import Votes


@dataclass(frozen=True)
class Population:
    """`rater_taste`: deviation of a rater's liking for each system, `item_luck` of its luck on an item."""

    strengths: tuple[float, ...] = (-0.6, -0.1, 0.2, 0.5)
    first: float = 0.3
    tie: float = -0.4
    rater_taste: float = 0.5
    rater_side: float = 0.4
    rater_ties: float = 0.4
    item_luck: float = 0.6

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"system {index}" for index in range(len(self.strengths)))


@dataclass(frozen=True)
class Study:
    raters: int = 40
    items: int = 200
    votes_per_pair_and_item: int = 2


@dataclass(frozen=True)
class Panel:
    """The raters and items of one study."""

    population: Population
    taste: Floats
    side: Floats
    tie: Floats
    luck: Floats

    @classmethod
    def draw(cls, population: Population, raters: int, items: int, rng: np.random.Generator) -> "Panel":
        systems = len(population.strengths)
        return cls(
            population,
            rng.normal(0, population.rater_taste, (raters, systems)),
            population.first + rng.normal(0, population.rater_side, raters),
            population.tie + rng.normal(0, population.rater_ties, raters),
            rng.normal(0, population.item_luck, (items, systems)),
        )

    def votes(self, left: Ints, right: Ints, raters: Ints, items: Ints, rng: np.random.Generator) -> Votes:
        strengths = np.array(self.population.strengths)
        lead = strengths[left] - strengths[right] + self.side[raters]
        lead += self.taste[raters, left] - self.taste[raters, right] + self.luck[items, left] - self.luck[items, right]
        odds = np.exp(np.column_stack([lead / 2, -lead / 2, self.tie[raters]]))
        chances = odds.cumsum(axis=1) / odds.sum(axis=1, keepdims=True)
        outcomes = (rng.random((len(left), 1)) > chances).sum(axis=1)
        return Votes(self.population.names, left, right, outcomes, raters, items)


def study_votes(population: Population, study: Study, rng: np.random.Generator) -> Votes:
    """Every pair on every item, by raters drawn at random, sides alternating."""
    first, second = np.triu_indices(len(population.strengths), k=1)
    items = np.repeat(np.arange(study.items), len(first) * study.votes_per_pair_and_item)
    pairs = np.tile(np.repeat(np.arange(len(first)), study.votes_per_pair_and_item), study.items)
    swapped = (np.arange(len(items)) + items) % 2 == 1
    left, right = np.where(swapped, second[pairs], first[pairs]), np.where(swapped, first[pairs], second[pairs])
    raters = rng.integers(0, study.raters, len(items))
    return Panel.draw(population, study.raters, study.items, rng).votes(left, right, raters, items, rng)


def population_votes(population: Population, votes: int, rng: np.random.Generator) -> Votes:
    """Every vote by another rater on another item: what a study's estimates aim at."""
    systems = len(population.strengths)
    left = rng.integers(0, systems, votes)
    right = (left + rng.integers(1, systems, votes)) % systems
    own = np.arange(votes)
    return Panel.draw(population, votes, votes, rng).votes(left, right, own, own, rng)


def separates_while_looking(
    population: Population, study: Study, rule: StopRule, *, looks: int, votes_per_look: int, seed: int
) -> bool:
    """Whether any pair was called separated at any look, pairs being chosen after each look where a vote tells most."""
    rng = np.random.default_rng(seed)
    pool = Panel.draw(population, study.raters, study.items, rng)
    first, second = np.triu_indices(len(population.strengths), k=1)
    chances = np.full(len(first), 1 / len(first))
    so_far = None
    for _ in range(looks):
        pairs = rng.choice(len(first), votes_per_look, p=chances)
        swapped = rng.random(votes_per_look) < 0.5
        left, right = np.where(swapped, second[pairs], first[pairs]), np.where(swapped, first[pairs], second[pairs])
        raters, items = rng.integers(0, study.raters, votes_per_look), rng.integers(0, study.items, votes_per_look)
        so_far = _joined(so_far, pool.votes(left, right, raters, items, rng))
        ranking = rank(so_far)
        if any(pair.state is State.SEPARATED for pair in verdict(ranking, rule).pairs):
            return True
        chances = np.array([pair.chance for pair in pair_chances(ranking, rule)])
    return False


def _joined(earlier: Votes | None, later: Votes) -> Votes:
    if earlier is None:
        return later
    columns = ("left", "right", "outcomes", "raters", "items")
    return replace(
        earlier, **{name: np.concatenate([getattr(earlier, name), getattr(later, name)]) for name in columns}
    )
