"""What the statistics cost and whether their intervals keep their promise: one JSON line for each measurement.

`python -m tests.bench.stats` runs all; names choose some: `python -m tests.bench.stats alpha ranking`. `--repetitions`
scales the simulations down.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing import Pool
from time import perf_counter
from typing import Any

import krippendorff
import numpy as np
from threadpoolctl import threadpool_limits

from sftlab.stats.agreement import agreement
from sftlab.stats.davidson import Model, Terms, fit
from sftlab.stats.intervals import weight_blocks
from sftlab.stats.krippendorff import krippendorff_alpha
from sftlab.stats.ranking import Method, rank
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.severity import severity_adjusted
from sftlab.stats.stopping import StopRule
from sftlab.stats.vote_bootstrap import bootstrap
from sftlab.stats.vote_covariance import sandwich
from sftlab.stats.votes import Votes
from tests.sftlab.stats.simulated_scores import ScorePanel, panel_scores, population_means
from tests.sftlab.stats.simulated_votes import (
    Panel,
    Population,
    Study,
    population_votes,
    separates_while_looking,
    study_votes,
)

Line = dict[str, Any]


def timed(call: Callable[[], object]) -> float:
    start = perf_counter()
    call()
    return perf_counter() - start


def ratings(units: int) -> Ratings:
    rng = np.random.default_rng(0)
    scores = np.clip(rng.integers(1, 6, (units, 1)) + rng.integers(-1, 2, (units, 5)), 1, 5)
    return Ratings(scores - 1, (1.0, 2.0, 3.0, 4.0, 5.0), np.ones(units, dtype=np.int64))


def alpha(repetitions: int) -> Iterator[Line]:
    table = ratings(10_000)
    for level in Level:
        yield {
            "bench": "alpha with 1,000 resamples",
            "level": level,
            "items": 50_000,
            "seconds": timed(partial(_resampled_alpha, table, level)),
        }
    large = ratings(100_000)
    for level in (Level.NOMINAL, Level.ORDINAL, Level.INTERVAL):
        theirs = timed(lambda level=level: krippendorff.alpha(large.values.T, level_of_measurement=level.value))
        ours = timed(partial(_alpha, large, level))
        yield {"bench": "one alpha", "level": level, "items": 500_000, "seconds": ours, "krippendorff_seconds": theirs}
    seconds = timed(partial(agreement, table, level=Level.ORDINAL))
    yield {"bench": "all coefficients with 1,000 resamples", "items": 50_000, "seconds": seconds}


def _alpha(table: Ratings, level: Level) -> float:
    collapsed = table.collapsed()
    statistic = krippendorff_alpha(collapsed, level).statistic
    assert statistic is not None
    return float(statistic(collapsed.counts[None, :].astype(np.float64))[0])


def _resampled_alpha(table: Ratings, level: Level) -> None:
    collapsed = table.collapsed()
    statistic = krippendorff_alpha(collapsed, level).statistic
    assert statistic is not None
    for weights in weight_blocks(collapsed.counts, 1000, seed=0):
        statistic(weights)


def arena(votes: int = 1_000_000, systems: int = 100) -> Votes:
    rng = np.random.default_rng(0)
    population = Population(strengths=tuple(rng.normal(0, 0.5, systems)))
    left = rng.integers(0, systems, votes)
    right = (left + rng.integers(1, systems, votes)) % systems
    raters, items = rng.integers(0, 1000, votes), rng.integers(0, 10_000, votes)
    return Panel.draw(population, 1000, 10_000, rng).votes(left, right, raters, items, rng)


def ranking(repetitions: int) -> Iterator[Line]:
    votes = arena()
    yield {
        "bench": "ranking of 100 systems with clustered sandwich intervals",
        "items": len(votes),
        "seconds": timed(lambda: rank(votes, method=Method.SANDWICH)),
    }
    model = Model(votes.cells, Terms())
    parameters = fit(model, votes.cells.counts[None])[0]
    fits = 1000
    one_way = replace(votes, items=None)
    yield {
        "bench": "1,000 bootstrap fits, clustered by rater",
        "items": fits,
        "seconds": timed(lambda: bootstrap(model, parameters, one_way, resamples=fits)),
    }
    yield {
        "bench": "3 × 333 bootstrap fits, clustered by rater and item",
        "items": fits,
        "seconds": timed(lambda: bootstrap(model, parameters, votes, resamples=fits // 3)),
    }


def _covered(target: np.ndarray, seed: int) -> list[list[bool]]:
    votes = study_votes(Population(), Study(), np.random.default_rng(seed))
    model = Model(votes.cells, Terms())
    parameters = fit(model, votes.cells.counts[None])[0]
    found = [sandwich(model, parameters, votes), bootstrap(model, parameters, votes, resamples=200, seed=seed)]
    return [list(np.abs(parameters - target) < covariance.half_widths(0.95)) for covariance in found if covariance]


def coverage(repetitions: int) -> Iterator[Line]:
    huge = population_votes(Population(), 4_000_000, np.random.default_rng(99))
    target = fit(Model(huge.cells, Terms()), huge.cells.counts[None])[0]
    del huge
    start = perf_counter()
    inside = np.mean(_parallel(partial(_covered, target), repetitions), axis=0)
    seconds = perf_counter() - start
    for method, shares in zip((Method.SANDWICH, Method.BOOTSTRAP), inside, strict=True):
        yield {
            "bench": "coverage of 95% intervals, 40 raters, 200 items",
            "method": method,
            "repetitions": repetitions,
            "seconds": seconds,
            "strengths": shares[:-2].round(4).tolist(),
            "first_position": float(shares[-2]),
            "tie": float(shares[-1]),
        }


def _severity_covered(target: np.ndarray, seed: int) -> tuple[float, float]:
    scores, severities = panel_scores(ScorePanel(), np.random.default_rng(seed))
    found = severity_adjusted(scores)
    means = [mean.low < truth < mean.high for mean, truth in zip(found.systems, target, strict=True)]
    raters = [rater.low < truth < rater.high for rater, truth in zip(found.raters, severities, strict=True)]
    return float(np.mean(means)), float(np.mean(raters))


def severity(repetitions: int) -> Iterator[Line]:
    start = perf_counter()
    means, raters = np.mean(_parallel(partial(_severity_covered, population_means(ScorePanel())), repetitions), axis=0)
    yield {
        "bench": "coverage of severity-adjusted means and of severities",
        "repetitions": repetitions,
        "seconds": perf_counter() - start,
        "means": float(means),
        "severities": float(raters),
    }


def _separated(seed: int) -> bool:
    equals = Population(strengths=(0.0,) * 4)
    return separates_while_looking(equals, Study(), StopRule(), looks=10, votes_per_look=120, seed=seed)


def stop_rule(repetitions: int) -> Iterator[Line]:
    start = perf_counter()
    separated = _parallel(_separated, repetitions)
    yield {
        "bench": "any false separation in ten looks, four equal systems, adaptive pairing",
        "repetitions": repetitions,
        "seconds": perf_counter() - start,
        "share": float(np.mean(separated)),
    }


def _parallel(call: Callable[[int], Any], repetitions: int) -> list[Any]:
    """One thread a worker: the matrices are small, and the linear algebra's own threads would only wait for each other.

    Says on standard error how far it is.
    """
    found = []
    start = perf_counter()
    with Pool(os.cpu_count(), initializer=threadpool_limits, initargs=(1,)) as pool:
        for done, one in enumerate(pool.imap(call, range(repetitions), chunksize=5), start=1):
            found.append(one)
            if done % 100 == 0:
                print(f"{done} of {repetitions}, {perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return found


BENCHES: dict[str, Callable[[int], Iterator[Line]]] = {
    "alpha": alpha,
    "ranking": ranking,
    "coverage": coverage,
    "severity": severity,
    "stop_rule": stop_rule,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("benches", nargs="*", choices=[[], *BENCHES], help="all if none is named")
    parser.add_argument("--repetitions", type=int, default=2000)
    options = parser.parse_args()
    for name in options.benches or BENCHES:
        for line in BENCHES[name](options.repetitions):
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
