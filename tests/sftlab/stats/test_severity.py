import numpy as np
import pytest
import statsmodels.formula.api as smf
from pandas import DataFrame

from sftlab.stats.severity import NO_SPREAD, TOO_FEW, Scores, severity_adjusted
from tests.sftlab.stats.simulated_scores import ScorePanel, panel_scores


def test_variances_and_means_equal_those_of_statsmodels():
    scores, _ = panel_scores(ScorePanel(raters=10, items=25, taste=0, luck=0), np.random.default_rng(2))
    frame = DataFrame({"y": scores.values, "system": scores.system, "rater": scores.rater, "item": scores.item})
    crossed = {"rater": "0 + C(rater)", "item": "0 + C(item)"}
    reference = smf.mixedlm("y ~ 0 + C(system)", frame, groups=np.ones(len(frame)), vc_formula=crossed).fit()
    found = severity_adjusted(scores)
    assert [mean.mean for mean in found.systems] == pytest.approx(reference.fe_params.tolist(), abs=2e-3)
    deviations = [found.item_deviation, found.rater_deviation]
    assert np.square(deviations) == pytest.approx(reference.vcomp, rel=0.03)
    assert found.error_deviation**2 == pytest.approx(reference.scale, rel=0.01)


def test_a_system_that_met_the_harsh_rater_is_not_blamed_for_it():
    rng = np.random.default_rng(0)
    systems, raters, items, values = [], [], [], []
    for item in range(120):
        for system in "AB":
            harsh = rng.random() < (0.8 if system == "A" else 0.2)
            systems.append(system)
            raters.append("harsh" if harsh else "mild")
            items.append(str(item))
            values.append((2.5 if harsh else 4.0) + rng.normal(0, 0.3))
    found = severity_adjusted(Scores.from_columns(systems, raters, items, values))
    first, second = found.systems
    assert abs(first.raw - second.raw) > 0.7
    assert abs(first.mean - second.mean) < 0.15
    severities = {rater.rater: rater.severity for rater in found.raters}
    assert severities["harsh"] - severities["mild"] == pytest.approx(1.5, abs=0.15)


def scores(systems, raters, items, values):
    return Scores.from_columns(list(systems), list(raters), list(items), values)


def test_nothing_to_adjust():
    assert severity_adjusted(scores("AB", "aa", "12", [1, 2])).reason == TOO_FEW
    assert severity_adjusted(scores("ABAB", "aabb", "1212", [3] * 4)).reason == NO_SPREAD
