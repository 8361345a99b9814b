import pytest

from tests.factories import training as make
from training.selectors import MOST_POINTS
from training.ui import charts

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(admin, tmp_path):
    return make.run(admin, tmp_path)


def test_a_step_that_two_attempts_did_is_drawn_once_as_the_later_did_it(run):
    make.attempt(run, number=1, status="lost")
    make.points(run, losses=[3.0, 2.0])
    make.attempt(run, number=2, status="finished")
    make.points(run, losses=[3.0, 1.9, 1.0])
    [line] = charts.data("loss", [run])["series"]
    assert line["y"] == [3.0, 1.9, 1.0]


def test_a_long_curve_is_thinned_and_keeps_its_end(run):
    make.points(run, losses=[float(step) for step in range(5000)])
    [line] = charts.data("loss", [run])["series"]
    assert len(line["x"]) <= MOST_POINTS + 1
    assert line["x"][-1] == 5000


def test_compared_runs_are_told_apart_by_name(run, admin, tmp_path):
    other = make.run(admin, tmp_path, base=run.base_model, data=run.datasets.get().version)
    for one in (run, other):
        make.points(one, losses=[1.0])
    assert [line["name"] for line in charts.data("loss", [run, other])["series"]] == ["a run · training"] * 2


def test_charts_without_points_are_not_shown_once_there_are_some(run):
    make.points(run, losses=[1.0])
    assert [chart.name for chart in charts.shown(run)] == ["loss"]
