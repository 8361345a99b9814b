import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


def ratio(numerator: Floats, denominator: Floats, *, tolerance: float = 1e-12) -> Floats:
    """NaN where the denominator is zero, so that "undefined" stays visible."""
    defined = np.abs(denominator) > tolerance
    return np.where(defined, numerator / np.where(defined, denominator, 1.0), np.nan)
