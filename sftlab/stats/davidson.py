"""Bradley–Terry with ties and an order effect, fitted by maximum likelihood, many weightings of the votes at once.

Bradley & Terry 1952; ties as in Davidson 1970; the order effect as in Davidson & Beaver 1977. With
η = strength(left) − strength(right) + first, the three outcomes have odds

    left : right : tie  =  exp(η/2) : exp(−η/2) : exp(tie).

This is Davidson & Beaver's model; their tie parameter is exp(tie + first/2). `first` > 0 favours the left.
Strengths have mean 0. No ridge: where no finite maximum exists, the fit comes back as NaN.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.sparse import csr_array

from sftlab.stats.arrays import Bools, Floats, Ints
from sftlab.stats.votes import LEFT_WINS, RIGHT_WINS, TIED, Cells

MOST_STEPS = 50
SMALL_STEP = 1e-6  # Newton's method squares the error, so the step before was the last that counted
LONGEST_STEP = 2.0
RUNAWAY = 20.0
MOST_HALVINGS = 20
SOLVABLE = 1e-12  # keeps a step defined where the data have run away; the gradient, so the answer, is untouched


@dataclass(frozen=True)
class Terms:
    """Which parameters beyond the strengths are fitted."""

    first: bool = True
    tie: bool = True


@dataclass(frozen=True)
class Chances:
    """Of the outcomes, fits × cells: `lean` is left less right. `log_total` is the log of the summed odds."""

    lean: Floats
    tie: Floats
    log_total: Floats

    def rows(self, chosen: Ints | Bools) -> "Chances":
        return Chances(self.lean[chosen], self.tie[chosen], self.log_total[chosen])


@dataclass(frozen=True)
class Tally:
    """What the likelihood needs of the votes, fits × cells: wins of the left less those of the right, ties, votes."""

    lean: Floats
    tie: Floats
    votes: Floats

    @classmethod
    def of(cls, counts: Floats) -> "Tally":
        """`counts` is fits × cells × outcomes."""
        left, right, tie = counts[..., LEFT_WINS], counts[..., RIGHT_WINS], counts[..., TIED]
        return cls(left - right, np.ascontiguousarray(tie), left + right + tie)

    def rows(self, chosen: Ints | Bools) -> "Tally":
        return Tally(self.lean[chosen], self.tie[chosen], self.votes[chosen])


@dataclass(frozen=True)
class Model:
    """A parameter vector is the strengths, then first, then tie; a term that is off keeps 0 and is never used."""

    cells: Cells
    terms: Terms

    @property
    def size(self) -> int:
        return self.cells.systems + 2

    @property
    def free(self) -> Bools:
        return np.array([True] * self.cells.systems + [self.terms.first, self.terms.tie])

    @cached_property
    def design(self) -> csr_array:
        """Cells × parameters: what η is made of."""
        rows = np.arange(len(self.cells.left))
        columns = [self.cells.left, self.cells.right, np.full_like(rows, self.cells.systems)]
        signs = np.repeat([1.0, -1.0, float(self.terms.first)], len(rows))
        return csr_array((signs, (np.tile(rows, 3), np.concatenate(columns))), shape=(len(rows), self.size))

    @cached_property
    def outer_products(self) -> csr_array:
        """Cells × parameters²: the outer product of each row of the design with itself."""
        rows = self.design.shape[0]
        columns, values = self.design.indices.reshape(rows, -1), self.design.data.reshape(rows, -1)
        places = columns[:, :, None] * self.size + columns[:, None, :]
        products = values[:, :, None] * values[:, None, :]
        owner = np.repeat(np.arange(rows), columns.shape[1] ** 2)
        return csr_array((products.ravel(), (owner, places.ravel())), shape=(rows, self.size**2))

    def chances(self, parameters: Floats) -> Chances:
        """`parameters` is fits × parameters."""
        half = np.abs(eta := parameters @ self.design.T) / 2
        tie = parameters[:, [-1]] if self.terms.tie else np.full((len(parameters), 1), -np.inf)
        largest = np.maximum(half, tie)
        winner, loser, tied = np.exp(half - largest), np.exp(-half - largest), np.exp(tie - largest)
        total = winner + loser + tied
        return Chances(np.sign(eta) * (winner - loser) / total, tied / total, largest + np.log(total))


def information(model: Model, chances: Chances, votes: Floats) -> Floats:
    """Observed information, fits × parameters × parameters; `votes` is fits × cells."""
    by_eta = votes * (1 - chances.tie - chances.lean**2) / 4
    matrix = (by_eta @ model.outer_products).reshape(-1, model.size, model.size)
    if model.terms.tie:
        cross = -(votes * chances.lean * chances.tie / 2) @ model.design
        matrix[:, -1, :] += cross
        matrix[:, :, -1] += cross
        matrix[:, -1, -1] = (votes * chances.tie * (1 - chances.tie)).sum(axis=1)
    return matrix


def anchored(model: Model, matrix: Floats) -> Floats:
    """Made invertible: the strengths' common level and the unused terms get curvature of their own."""
    systems = model.cells.systems
    filled = matrix.copy()
    scale = np.maximum(np.trace(matrix[:, :systems, :systems], axis1=1, axis2=2) / systems**2, 1e-12)
    filled[:, :systems, :systems] += scale[:, None, None]
    unused = np.flatnonzero(~model.free)
    filled[:, unused, unused] = 1.0
    return filled


def fit(model: Model, counts: Floats, start: Floats | None = None) -> Floats:
    """Newton's method on `counts` (fits × cells × outcomes) → fits × parameters, NaN where nothing finite was found."""
    parameters = np.tile(np.zeros(model.size) if start is None else start, (len(counts), 1))
    tally, chances = Tally.of(counts), model.chances(parameters)
    active = np.arange(len(counts))
    for _ in range(MOST_STEPS):
        step = _newton_step(model, chances, tally)
        moved, chances = _climb(model, parameters[active], chances, step, tally)
        runaway = np.abs(moved).max(axis=1) > RUNAWAY
        parameters[active] = np.where(runaway[:, None], np.nan, moved)
        going_on = (np.abs(step).max(axis=1) > SMALL_STEP) & ~runaway
        active, tally, chances = active[going_on], tally.rows(going_on), chances.rows(going_on)
        if not len(active):
            return parameters
    parameters[active] = np.nan
    return parameters


def _newton_step(model: Model, chances: Chances, tally: Tally) -> Floats:
    gradient = ((tally.lean - tally.votes * chances.lean) / 2) @ model.design
    if model.terms.tie:
        gradient[:, -1] = (tally.tie - tally.votes * chances.tie).sum(axis=1)
    matrix = anchored(model, information(model, chances, tally.votes))
    matrix += SOLVABLE * np.eye(model.size)
    newton = np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0]
    longest = np.abs(newton).max(axis=1, keepdims=True)
    step: Floats = newton * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))
    return step


def _climb(model: Model, parameters: Floats, chances: Chances, step: Floats, tally: Tally) -> tuple[Floats, Chances]:
    """Halves a step until the likelihood does not fall."""
    before = _log_likelihood(model, parameters, chances, tally)
    length = np.ones(len(step))
    for _ in range(MOST_HALVINGS):
        moved = parameters + length[:, None] * step
        reached = model.chances(moved)
        fell = _log_likelihood(model, moved, reached, tally) < before - 1e-9 * np.abs(before)
        if not fell.any():
            break
        length[fell] /= 2
    return moved, reached


def _log_likelihood(model: Model, parameters: Floats, chances: Chances, tally: Tally) -> Floats:
    half = (parameters @ model.design.T) / 2
    total: Floats = (tally.lean * half - tally.votes * chances.log_total).sum(axis=1)
    total += tally.tie.sum(axis=1) * parameters[:, -1]
    return total
