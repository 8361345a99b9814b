"""What a study's page draws, as data; and when the study ends."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from evaluation.models.studies import Study
from evaluation.selectors.studies import pace_of, progress
from evaluation.services.studies import rating as services
from evaluation.services.studies.results import refresh
from evaluation.study_pace import pace
from evaluation.study_tables import TABLES

NOW = datetime(2026, 3, 8, 12, tzinfo=UTC)
SCORES = [{"left": {"accuracy": 4}, "right": {"accuracy": 2}}, {"left": {"accuracy": 5}, "right": {"accuracy": 3}}]


@pytest.fixture
def rated(make_study, alice, bob):
    study = make_study(raters=[alice, bob], design="both", dimensions=["accuracy"])
    chosen = [(alice, ["left", "right", "tie", "left"]), (bob, ["right", "left", "left", "both_bad"])]
    for (user, choices), scores in zip(chosen, SCORES, strict=True):
        for choice in choices:
            rating = services.claim(user=user, study=study)
            body = {"choice": choice, "scores": scores}
            services.submit(user=user, uuid=rating.uuid, key=str(rating.uuid), body=body)
    refresh(study=Study.objects.get())
    return Study.objects.get()


@pytest.fixture
def read(api, admin, rated):
    def rows(table):
        answer = api(admin).get(f"/api/v1/studies/{rated.uuid}/tables/{table}/")
        assert answer.status_code == 200
        return list(csv.DictReader(io.StringIO(answer.content.decode())))

    return rows


def test_every_table_has_its_columns(read):
    for name, table in TABLES.items():
        rows = read(name)
        assert not rows or tuple(rows[0]) == table.columns


def test_the_ranking_table_tells_wins_and_ranks(read, compared):
    rows = read("ranking")
    assert {row["system"] for row in rows} == {one.name for one in compared}
    assert sum(int(row["wins"]) for row in rows) == sum(int(row["losses"]) for row in rows) == 6
    assert {row["both_bad"] for row in rows} == {"1"}


def test_the_matrix_says_who_beat_whom_from_both_ends(read):
    one, other = read("matrix")
    assert (one["won"], one["tied"], one["lost"]) == (other["lost"], other["tied"], other["won"])
    assert float(one["rate"]) + float(other["rate"]) == pytest.approx(1)


def test_the_means_table_has_an_interval_for_each_system_and_dimension(read):
    rows = read("means")
    assert {row["dimension"] for row in rows} == {"accuracy"}
    assert all(float(row["low"]) <= float(row["mean"]) <= float(row["high"]) for row in rows)


def test_the_agreement_table_has_every_coefficient_with_a_value_or_a_reason(read):
    rows = [row for row in read("agreement") if row["judged"] == "accuracy"]
    assert len(rows) == 17
    assert all(row["value"] or row["reason"] for row in rows)


def test_severity_is_by_rater_and_dimension_and_on_the_page(read, client, admin, rated):
    rows = read("severity")
    assert {row["rater"] for row in rows} == set(rated.members.values_list("alias", flat=True))
    client.force_login(admin)
    rows = client.get(f"/studies/{rated.uuid}/").context["severity"]["rows"]
    assert [name for name, _cells in rows] == ["alice", "bob"]


def test_the_page_shows_what_is_stored_and_computes_nothing(client, admin, rated):
    result = rated.results.get()
    result.data["slices"]["|"]["likert"]["accuracy"]["means"][0] |= {"mean": 4.321, "low": 4.2, "high": 4.4}
    result.save()
    client.force_login(admin)
    assert "4.32" in client.get(f"/studies/{rated.uuid}/").content.decode()


def test_there_is_no_other_table(api, admin, rated):
    assert api(admin).get(f"/api/v1/studies/{rated.uuid}/tables/votes/").status_code == 404


def test_the_page_shows_every_coefficient_and_its_plots_data(client, admin, rated):
    client.force_login(admin)
    text = client.get(f"/studies/{rated.uuid}/").content.decode()
    assert "ICC(2,k)" in text
    assert "Kendall W" in text
    assert 'data-chart="means"' in text
    assert f"/api/v1/studies/{rated.uuid}/tables/means/" in text


def test_a_study_ends_when_its_pace_says(study, alice):
    rating = services.claim(user=alice, study=study)
    assert pace_of(study, progress(study)).ends is None
    services.submit(user=alice, uuid=rating.uuid, key="k", body={"choice": "left"})
    assert pace_of(study, progress(study)).ends is not None


def test_a_third_done_in_two_days_takes_four_more():
    found = pace(left=200, recent=100, since=NOW - timedelta(days=2), now=NOW)
    assert found.per_day == pytest.approx(50)
    assert found.ends == NOW + timedelta(days=4)


def test_nothing_says_when_a_study_ends_that_nobody_rates():
    assert pace(left=200, recent=0, since=None, now=NOW).ends is None
