import pytest

from sftlab.stats import reading
from sftlab.stats.agreement import Coefficient
from sftlab.stats.reading import read_coefficient


def read(name, value, low=None, high=None):
    return read_coefficient(name, Coefficient(value, low, high, 50, 0)).message


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        (0.85, 0.95, reading.RELIABLE),
        (0.70, 0.95, reading.TENTATIVE),
        (0.50, 0.70, reading.WEAK),
        (0.30, 0.95, reading.TOO_WIDE),
        (-0.1, 0.40, reading.NOT_ABOVE_CHANCE),
    ],
)
def test_the_low_end_of_the_interval_decides(low, high, message):
    assert read("krippendorff_alpha", 0.9, low, high) == message


def test_the_icc_has_bands_of_its_own():
    assert read("icc_2_1", 0.9, 0.85, 0.95) == reading.TENTATIVE


def test_without_an_interval_there_is_no_verdict():
    assert read("krippendorff_alpha", 1.0) == reading.NO_INTERVAL


def test_an_undefined_coefficient_says_nothing():
    assert read("fleiss_kappa", None) == reading.UNDEFINED


def test_percent_agreement_is_not_corrected_for_chance_and_says_so():
    text = str(read_coefficient("percent_agreement", Coefficient(0.914, 0.8, 1.0, 50, 0)))
    assert text.startswith("Raters gave the same answer in 91% of pairs")


def test_orderings_are_read_as_orderings():
    assert read("kendall_w", 0.9, 0.8, 0.95) == reading.ORDERINGS
