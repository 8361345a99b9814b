"""Bradley–Terry with ties and an order effect, fitted by maximum likelihood, many weightings of the votes at once.

Bradley & Terry 1952; ties as in Davidson 1970; the order effect as in Davidson & Beaver 1977. With
η = strength(left) − strength(right) + first, the three outcomes have odds

    left : right : tie  =  exp(η/2) : exp(−η/2) : exp(tie).

This is Davidson & Beaver's model; their tie parameter is exp(tie + first/2). `first` > 0 favours the left.
Strengths have mean 0. No ridge: where no finite maximum exists, the fit comes back as NaN.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from sftlab.stats.arrays import Bools, Floats
from sftlab.stats.votes import LEFT_WINS, RIGHT_WINS, TIED, Cells

MOST_STEPS = 50
TOLERANCE = 1e-9
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

    @property
    def design(self) -> csr_array:
        """Cells × parameters: what η is made of."""
        rows = np.arange(len(self.cells.left))
        columns = [self.cells.left, self.cells.right, np.full_like(rows, self.cells.systems)]
        signs = np.repeat([1.0, -1.0, float(self.terms.first)], len(rows))
        return csr_array((signs, (np.tile(rows, 3), np.concatenate(columns))), shape=(len(rows), self.size))

    def probabilities(self, parameters: Floats) -> Floats:
        """Fits × parameters → fits × cells × outcomes."""
        half = (parameters @ self.design.T) / 2
        tie = parameters[:, [-1]] + np.zeros_like(half) if self.terms.tie else np.full_like(half, -np.inf)
        logits = np.stack([half, -half, tie], axis=2)
        odds = np.exp(logits - logits.max(axis=2, keepdims=True))
        probabilities: Floats = odds / odds.sum(axis=2, keepdims=True)
        return probabilities


@dataclass(frozen=True)
class Curvature:
    """Per cell and vote: the information about η, about tie, and between them. Fits × cells."""

    eta: Floats
    tie: Floats
    cross: Floats


def curvature(probabilities: Floats) -> Curvature:
    lean = probabilities[..., LEFT_WINS] - probabilities[..., RIGHT_WINS]
    tied = probabilities[..., TIED]
    return Curvature((1 - tied - lean**2) / 4, tied * (1 - tied), -lean * tied / 2)


def outcome_scores(probabilities: Floats) -> tuple[Floats, Floats]:
    """Derivatives of one vote's log likelihood by η and by tie, … × outcomes."""
    lean = (probabilities[..., LEFT_WINS] - probabilities[..., RIGHT_WINS])[..., None]
    by_eta = (np.array([1.0, -1.0, 0.0]) - lean) / 2
    by_tie = np.array([0.0, 0.0, 1.0]) - probabilities[..., [TIED]]
    return by_eta, by_tie


def information(model: Model, parameters: Floats, votes: Floats) -> Floats:
    """Observed information, fits × parameters × parameters; `votes` is fits × cells."""
    bend = curvature(model.probabilities(parameters))
    design = model.design
    size = model.size
    outer = _outer_products(design)
    matrix = ((votes * bend.eta) @ outer).reshape(-1, size, size)
    if model.terms.tie:
        cross = (votes * bend.cross) @ design
        matrix[:, -1, :] += cross
        matrix[:, :, -1] += cross
        matrix[:, -1, -1] = (votes * bend.tie).sum(axis=1)
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
    likelihood = _log_likelihood(model, parameters, counts)
    active = np.arange(len(counts))
    for _ in range(MOST_STEPS):
        step = _newton_step(model, parameters[active], counts[active])
        parameters[active], likelihood[active] = _climb(
            model, parameters[active], likelihood[active], step, counts[active]
        )
        runaway = np.abs(parameters[active]).max(axis=1) > RUNAWAY
        parameters[active[runaway]] = np.nan
        active = active[(np.abs(step).max(axis=1) > TOLERANCE) & ~runaway]
        if not len(active):
            return parameters
    parameters[active] = np.nan
    return parameters


def _newton_step(model: Model, parameters: Floats, counts: Floats) -> Floats:
    by_eta, by_tie = outcome_scores(model.probabilities(parameters))
    gradient = (counts * by_eta).sum(axis=2) @ model.design
    if model.terms.tie:
        gradient[:, -1] = (counts * by_tie).sum(axis=(1, 2))
    matrix = anchored(model, information(model, parameters, counts.sum(axis=2)))
    matrix += SOLVABLE * np.eye(model.size)
    newton = np.linalg.solve(matrix, gradient[:, :, None])[:, :, 0]
    longest = np.abs(newton).max(axis=1, keepdims=True)
    step: Floats = newton * np.minimum(1.0, LONGEST_STEP / np.maximum(longest, 1e-300))
    return step


def _climb(model: Model, parameters: Floats, likelihood: Floats, step: Floats, counts: Floats) -> tuple[Floats, Floats]:
    """Halves a step until the likelihood does not fall."""
    length = np.ones(len(step))
    for _ in range(MOST_HALVINGS):
        moved = parameters + length[:, None] * step
        reached = _log_likelihood(model, moved, counts)
        fell = reached < likelihood - 1e-9 * np.abs(likelihood)
        if not fell.any():
            break
        length[fell] /= 2
    return moved, reached


def _log_likelihood(model: Model, parameters: Floats, counts: Floats) -> Floats:
    probabilities = model.probabilities(parameters)
    total: Floats = (counts * np.log(np.where(counts > 0, np.maximum(probabilities, 1e-300), 1.0))).sum(axis=(1, 2))
    return total


def _outer_products(design: csr_array) -> csr_array:
    """Cells × parameters²: the outer product of each row of the design with itself."""
    rows, size = design.shape
    per_row = np.diff(design.indptr)[0] if rows else 0
    columns = design.indices.reshape(rows, per_row)
    values = design.data.reshape(rows, per_row)
    pairs = (columns[:, :, None] * size + columns[:, None, :]).reshape(rows, -1)
    products = (values[:, :, None] * values[:, None, :]).reshape(rows, -1)
    owner = np.repeat(np.arange(rows), per_row**2)
    return csr_array((products.ravel(), (owner, pairs.ravel())), shape=(rows, size * size))
