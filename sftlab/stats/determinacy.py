"""Whether the votes have a finite answer at all, asked of the data and not of an optimiser.

Without ties and order a maximum exists exactly when the graph of wins is strongly connected (Ford 1957). In general it
does unless some direction never lowers any vote's likelihood (Albert & Anderson 1984), which a linear program finds.
"""

from typing import Literal

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from sftlab.stats.arrays import Bools, Floats, Ints
from sftlab.stats.davidson import Model, anchored, information
from sftlab.stats.reasons import Reason, gettext_noop
from sftlab.stats.votes import LEFT_WINS, RIGHT_WINS, TIED, Cells

FLATTEST = 1e-9

TOO_FEW_SYSTEMS = Reason(gettext_noop("A ranking needs votes on at least two systems."))
ALL_TIES = Reason(gettext_noop("Every vote is a tie, so nothing tells the systems apart."))
NOT_IDENTIFIED = Reason(
    gettext_noop("The order of showing cannot be told from the systems: show each pair in both orders.")
)
SEPARATED = Reason(
    gettext_noop(
        "The votes fit some ordering without a single exception, so the distances between systems have no limit."
    )
)


def undetermined(model: Model, names: tuple[str, ...]) -> Reason | None:
    """Why these votes have no finite, unique answer under this model; None if they have one."""
    cells = model.cells
    if cells.systems < 2 or not len(cells.left):
        return TOO_FEW_SYSTEMS
    if not cells.counts[:, [LEFT_WINS, RIGHT_WINS]].any():
        return ALL_TIES
    return _disconnected(cells, names) or _one_sided(cells, names) or _unlimited(model)


def _disconnected(cells: Cells, names: tuple[str, ...]) -> Reason | None:
    groups = _components(cells, cells.left, cells.right, "weak")
    if groups.max() == 0:
        return None
    return Reason(
        gettext_noop("No comparison joins these groups: %(groups)s."),
        {"groups": " | ".join(_listed(names, groups == group) for group in range(groups.max() + 1))},
    )


def _one_sided(cells: Cells, names: tuple[str, ...]) -> Reason | None:
    """Some group of systems never lost to, nor tied with, the rest."""
    beats = _beats(cells)
    groups = _components(cells, *beats, "strong")
    if groups.max() == 0:
        return None
    winners, losers = groups[beats[0]], groups[beats[1]]
    unbeaten = np.setdiff1d(np.arange(groups.max() + 1), losers[winners != losers])
    return Reason(
        gettext_noop("Without one loss or tie against the others, so without a limit to their strength: %(systems)s."),
        {"systems": _listed(names, np.isin(groups, unbeaten))},
    )


def _unlimited(model: Model) -> Reason | None:
    if _settled_by_one_pair(model):
        return None
    flat = model.chances(np.zeros((1, model.size)))
    matrix = anchored(model, information(model, flat, model.cells.votes))[0]
    scale = np.sqrt(np.outer(np.diag(matrix), np.diag(matrix)))
    if np.linalg.eigvalsh(matrix / np.maximum(scale, 1e-300))[0] < FLATTEST:
        return NOT_IDENTIFIED
    return SEPARATED if _has_free_direction(model) else None


def _settled_by_one_pair(model: Model) -> bool:
    """A pair with every outcome in both orders pins first and tie, and the graph of wins then decides alone."""
    cells = model.cells
    outcomes = [LEFT_WINS, RIGHT_WINS, TIED] if model.terms.tie else [LEFT_WINS, RIGHT_WINS]
    full = (cells.counts[:, outcomes] > 0).all(axis=1)
    keys = cells.keys[full]
    return bool(np.isin(keys % cells.systems * cells.systems + keys // cells.systems, keys).any())


def _has_free_direction(model: Model) -> bool:
    gains = _gains(model)
    bounds = [(-1.0, 1.0) if free else (0.0, 0.0) for free in model.free]
    best = linprog(-gains.sum(axis=0), A_ub=-gains, b_ub=np.zeros(gains.shape[0]), bounds=bounds, method="highs").fun
    return best is not None and best < -1e-6


def _gains(model: Model) -> Floats:
    """A row for each outcome seen and each other outcome of its cell: by how much a direction favours the one seen."""
    half = model.design.toarray() / 2
    tie = np.zeros_like(half)
    tie[:, -1] = 1
    logits = [half, -half, tie]
    possible = [LEFT_WINS, RIGHT_WINS, TIED] if model.terms.tie else [LEFT_WINS, RIGHT_WINS]
    rows = [
        (logits[seen] - logits[other])[model.cells.counts[:, seen] > 0]
        for seen in possible
        for other in possible
        if other != seen
    ]
    return np.concatenate(rows)


def _beats(cells: Cells) -> tuple[Ints, Ints]:
    """Edges from each system to those it beat; a tie counts both ways."""
    won = cells.counts[:, LEFT_WINS] + cells.counts[:, TIED] > 0
    lost = cells.counts[:, RIGHT_WINS] + cells.counts[:, TIED] > 0
    winners = np.concatenate([cells.left[won], cells.right[lost]])
    losers = np.concatenate([cells.right[won], cells.left[lost]])
    return winners, losers


def _components(cells: Cells, tails: Ints, heads: Ints, connection: Literal["weak", "strong"]) -> Ints:
    graph = csr_array((np.ones(len(tails)), (tails, heads)), shape=(cells.systems, cells.systems))
    labels: Ints = connected_components(graph, directed=True, connection=connection)[1].astype(np.int64)
    return labels


def _listed(names: tuple[str, ...], chosen: Bools) -> str:
    return ", ".join(name for name, listed in zip(names, chosen, strict=True) if listed)
