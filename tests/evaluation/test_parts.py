"""How a set is taken apart, and what is said of its parts."""

import csv
import io
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluation.models import Evaluation
from evaluation.parts import Labelled, by_length, labels, order
from evaluation.services.scoring import score
from tests.evaluation.factories import PERFECT, make_evalset, make_evaluation, make_model, score_here, upload

URL = "/api/v1/evaluations/"


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 50), min_size=1, max_size=40))
def test_every_item_falls_into_one_of_at_most_three_parts_that_do_not_overlap(lengths):
    found = by_length(lengths)
    assert found.keys() == lengths.keys()
    ends = {name: (int(name.split("–")[0]), int(name.split("–")[-1])) for name in set(found.values())}
    assert len(ends) <= 3
    assert all(ends[name][0] <= lengths[key] <= ends[name][1] for key, name in found.items())
    assert all(one[1] < other[0] for one, other in pairwise(sorted(ends.values())))


def test_thirds_are_of_about_the_same_size():
    found = by_length({str(n): n for n in range(1, 10)})
    assert sorted(set(found.values()), key=order) == ["1–3", "4–6", "7–9"]


def test_chinese_is_as_long_as_its_characters_and_english_as_its_words():
    texts = {"zh": "空气对蓝光", "en": "Air scatters blue light"}
    found = labels([Labelled(key, "", "", [text]) for key, text in texts.items()])
    assert found["length"] == {"zh": "5", "en": "4"}
    assert found["category"] == {}


@pytest.fixture
def evaluation(admin):
    evalset = make_evalset(admin)
    models = [make_model(admin, name) for name in ("good", "bad")]
    made = make_evaluation(admin, evalset, *models, metrics=("chrf", "ter"))
    upload(admin, made, models[0])
    upload(admin, made, models[1], {key: text[: len(text) // 2] for key, text in PERFECT.items()})
    score_here(made)
    return Evaluation.objects.get(pk=made.pk)


def rows(api, admin, evaluation, what, **asked):
    return api(admin).get(f"{URL}{evaluation.uuid}/{what}/", asked).data


def test_scores_stand_by_language_category_difficulty_and_length(api, admin, evaluation):
    found = rows(api, admin, evaluation, "scores", metric="chrf", language="zh")
    assert {row["by"] for row in found} == {"all", "category", "difficulty", "length"}
    good = [row for row in found if row["model"] == "good"]
    assert all(row["value"] == pytest.approx(100) for row in good)
    assert {row["label"] for row in good if row["by"] == "category"} == {"fact", "science"}
    assert all("chrf" in row["signature"] for row in found)


def test_a_part_is_the_metric_over_its_items_alone(api, admin, evaluation):
    """One item of a category in each language: the part's value is the item's."""
    items = api(admin).get(f"{URL}{evaluation.uuid}/items/?metric=chrf&language=en&category=fact").data["results"]
    bad = next(one["value"] for one in items[0]["outputs"] if one["model"]["name"] == "bad")
    found = rows(api, admin, evaluation, "scores", metric="chrf", language="en", by="category")
    part = next(row for row in found if row["label"] == "fact" and row["model"] == "bad")
    assert part["value"] == pytest.approx(bad)
    assert part["n"] == 1


def test_differences_stand_by_part_with_interval_and_corrected_p(api, admin, evaluation):
    (found,) = rows(api, admin, evaluation, "comparisons", metric="chrf", language="en", by="difficulty")
    assert (found["a"], found["b"], found["label"], found["n"]) == ("good", "bad", "easy", 2)
    assert found["low"] <= found["difference"] <= found["high"]
    assert found["p_bootstrap"] <= found["p_bootstrap_holm"]


@pytest.mark.parametrize("what", ["scores", "comparisons", "correlations"])
def test_csv_has_the_rows_of_json(api, admin, evaluation, what):
    answer = api(admin).get(f"{URL}{evaluation.uuid}/{what}/?format=csv")
    assert answer["Content-Type"].startswith("text/csv")
    read = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert len(read) == len(rows(api, admin, evaluation, what))


def test_outputs_leave_as_csv_with_their_values(api, admin, evaluation):
    answer = api(admin).get(f"{URL}{evaluation.uuid}/outputs/?format=csv")
    found = {(row["model"], row["item"]): row for row in csv.DictReader(io.StringIO(answer.content.decode()))}
    assert len(found) == 8
    assert found["good", "zh-1"]["text"] == PERFECT["zh-1"]
    assert float(found["good", "zh-1"]["chrf"]) == pytest.approx(100)
    assert float(found["bad", "en-2"]["ter"]) > 0


@pytest.mark.parametrize("what", ["scores", "comparisons", "correlations"])
def test_others_than_admins_are_refused(api, admin, alice, evaluation, what):
    assert api(alice).get(f"{URL}{evaluation.uuid}/{what}/").status_code == 403
    assert api().get(f"{URL}{evaluation.uuid}/{what}/").status_code == 401


def test_an_unknown_dimension_is_a_fault(api, admin, evaluation):
    assert api(admin).get(f"{URL}{evaluation.uuid}/scores/?by=mood").status_code == 400


def test_the_child_compares_parts_too(admin, evaluation, settings, tmp_path):
    settings.VAR_DIR = tmp_path
    here = evaluation.parts["en"]["chrf"]
    evaluation.transition("scoring")
    score(evaluation=evaluation)
    evaluation.refresh_from_db()
    child = evaluation.parts["en"]["chrf"]
    assert [(one["by"], one["label"]) for one in child] == [(one["by"], one["label"]) for one in here]
    assert [len(one["comparisons"]) for one in child] == [len(one["comparisons"]) for one in here]


class TestPage:
    @pytest.fixture
    def page(self, client, admin, evaluation):
        client.force_login(admin)
        return lambda query="": client.get(f"/evaluations/{evaluation.uuid}/parts/{query}").content.decode()

    def test_shows_each_part(self, page):
        shown = page("?metric=ter&by=category")
        assert "science" in shown
        assert "Differences between models" in shown

    def test_takes_the_first_where_it_does_not_know(self, page):
        assert '<option value="chrf" selected' in page("?metric=heat&by=mood")

    def test_does_not_exist_for_others(self, client, alice, evaluation):
        client.force_login(alice)
        assert client.get(f"/evaluations/{evaluation.uuid}/parts/").status_code == 404
