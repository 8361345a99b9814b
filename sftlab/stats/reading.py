"""What a coefficient says, in words that claim no more than its interval does.

The bands for alpha are Krippendorff's (2004): .800 to rely on, .667 for tentative conclusions; those for the ICC are
Koo & Li's (2016): .5, .75, .9. Both are conventions, and the wording says so. A band is named only by the lower end of
the interval; without an interval none is named.
"""

from sftlab.stats.agreement import Coefficient
from sftlab.stats.reasons import Reason, gettext_noop

UNDEFINED = gettext_noop("Not defined for these ratings.")
NO_INTERVAL = gettext_noop("%(value).2f, with no interval to say how sure that is: draw no conclusion from it.")
NOT_ABOVE_CHANCE = gettext_noop("These ratings do not show agreement beyond chance.")
SHARE = gettext_noop("Raters gave the same answer in %(value).0f%% of pairs; chance alone would give some of that.")
ORDERINGS = gettext_noop("The raters order the units alike to some degree; the level of their ratings is not compared.")
RELIABLE = gettext_noop("Even the low end, %(low).2f, reaches what is by convention relied on.")
TENTATIVE = gettext_noop("The low end, %(low).2f, allows by convention tentative conclusions only.")
WEAK = gettext_noop("More than chance, but the low end, %(low).2f, is below what is by convention relied on.")
TOO_WIDE = gettext_noop("The interval runs from %(low).2f to %(high).2f: too wide to call; rate more units.")

BANDS = {"icc": (0.9, 0.75)}
DEFAULT_BAND = (0.8, 0.667)
WIDE = 0.4


def read_coefficient(name: str, coefficient: Coefficient) -> Reason:
    """A message to translate, with its values."""
    if coefficient.value is None:
        return Reason(UNDEFINED)
    if name == "percent_agreement":
        return Reason(SHARE, {"value": 100 * coefficient.value})
    if coefficient.low is None or coefficient.high is None:
        return Reason(NO_INTERVAL, {"value": coefficient.value})
    if name != "kendall_w" and coefficient.low <= 0:
        return Reason(NOT_ABOVE_CHANCE)
    if name in {"kendall_w", "mean_spearman"}:
        return Reason(ORDERINGS)
    return _banded(name, coefficient.low, coefficient.high)


def _banded(name: str, low: float, high: float) -> Reason:
    reliable, tentative = BANDS.get(name.split("_", maxsplit=1)[0], DEFAULT_BAND)
    if low >= reliable:
        return Reason(RELIABLE, {"low": low})
    if low >= tentative:
        return Reason(TENTATIVE, {"low": low})
    if high - low > WIDE:
        return Reason(TOO_WIDE, {"low": low, "high": high})
    return Reason(WEAK, {"low": low})
