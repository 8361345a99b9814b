"""Votes from a population of raters and items that differ, for simulations in the tests and in the bench."""

from dataclasses import dataclass

import numpy as np

from sftlab.stats.votes import Votes


@dataclass(frozen=True)
class Population:
    strengths: tuple[float, ...] = (-0.6, -0.1, 0.2, 0.5)
    first: float = 0.3
    tie: float = -0.4
    rater_taste: float = 0.5
    """Standard deviation of a rater's own liking for each system."""
    rater_side: float = 0.4
    rater_ties: float = 0.4
    item_effect: float = 0.6
    """Standard deviation of how well each system happens to do on an item."""


@dataclass(frozen=True)
class Study:
    raters: int = 40
    items: int = 200
    votes_per_pair_and_item: int = 2


def study_votes(population: Population, study: Study, rng: np.random.Generator) -> Votes:
    """Every pair on every item, by raters drawn at random, sides alternating."""
    systems = len(population.strengths)
    first, second = np.triu_indices(systems, k=1)
    items = np.repeat(np.arange(study.items), len(first) * study.votes_per_pair_and_item)
    pairs = np.tile(np.repeat(np.arange(len(first)), study.votes_per_pair_and_item), study.items)
    swapped = (np.arange(len(items)) + items) % 2 == 1
    left, right = np.where(swapped, second[pairs], first[pairs]), np.where(swapped, first[pairs], second[pairs])
    raters = rng.integers(0, study.raters, len(items))
    return voted(population, left, right, raters, items, rng)


def population_votes(population: Population, votes: int, rng: np.random.Generator) -> Votes:
    """Every vote by another rater on another item: what a study's estimates aim at."""
    systems = len(population.strengths)
    left = rng.integers(0, systems, votes)
    right = (left + rng.integers(1, systems, votes)) % systems
    own = np.arange(votes)
    return voted(population, left, right, own, own, rng)


def voted(population, left, right, raters, items, rng) -> Votes:
    systems = len(population.strengths)
    people, things = int(raters.max()) + 1, int(items.max()) + 1
    taste = rng.normal(0, population.rater_taste, (people, systems))
    side = population.first + rng.normal(0, population.rater_side, people)
    tie = population.tie + rng.normal(0, population.rater_ties, people)
    luck = rng.normal(0, population.item_effect, (things, systems))
    quality = np.array(population.strengths) + taste[raters] + luck[items]
    rows = np.arange(len(left))
    half = (quality[rows, left] - quality[rows, right] + side[raters]) / 2
    odds = np.exp(np.column_stack([half, -half, tie[raters]]))
    chances = odds.cumsum(axis=1) / odds.sum(axis=1, keepdims=True)
    outcomes = (rng.random((len(left), 1)) > chances).sum(axis=1)
    return Votes(tuple(f"system {index}" for index in range(systems)), left, right, outcomes, raters, items)
