import pytest

from evaluation.leaderboards.bodies import csv_body
from evaluation.leaderboards.definition import Definition
from evaluation.leaderboards.diff import inputs_diff, rows_diff
from evaluation.leaderboards.rows import Entry, Human, Scored, table

FACTS = {"cost": {}, "scripted": False, "flags": [], "evaluated_at": None}
ENTRIES = [Entry(name, name, FACTS) for name in ("a", "b", "c")]


def score(model, value, *, metric="bleu", language="en", better="higher", signature="bleu|v:1"):
    return Scored(model, metric, language, value, None, None, 10, better, signature, f"{model}-{metric}-{language}")


def order(found):
    return [(row["model"]["id"], row["position"]) for row in found.rows]


def test_the_best_comes_first_and_equals_share_a_position():
    found = table(Definition(), "en", ENTRIES, [score("a", 1), score("b", 2), score("c", 1)], {})
    assert order(found) == [("b", 1), ("a", 2), ("c", 2)]


def test_lower_is_first_where_lower_is_better():
    scores = [score("a", 1, better="lower"), score("b", 2, better="lower"), score("c", 3, better="lower")]
    assert order(table(Definition(), "en", ENTRIES, scores, {})) == [("a", 1), ("b", 2), ("c", 3)]


def test_over_two_languages_places_are_added_never_values():
    scores = [score(m, v) for m, v in (("a", 3), ("b", 2), ("c", 1))]
    scores += [score(m, v, language="zh", signature="bleu|zh") for m, v in (("a", 70), ("b", 80), ("c", 10))]
    found = table(Definition(), "", ENTRIES, scores, {})
    assert order(found) == [("a", 1), ("b", 1), ("c", 3)]
    assert [column["key"] for column in found.columns] == ["bleu:en", "bleu:zh"]


def test_a_model_without_a_value_comes_last():
    assert order(table(Definition(), "en", ENTRIES, [score("b", 2)], {}))[0] == ("b", 1)


def test_scores_of_another_signature_are_left_out_and_named():
    scores = [score("a", 1), score("b", 2), score("c", 99, signature="bleu|v:2")]
    found = table(Definition(), "en", ENTRIES, scores, {})
    assert [(one["model"], one["signature"]) for one in found.left_out] == [("c", "bleu|v:2")]
    assert "bleu" not in next(row for row in found.rows if row["model"]["id"] == "c")["metrics"]


def test_votes_order_by_the_best_rank_and_keep_ties():
    human = {
        "a": Human((1, 2), (0.4, 0.1, 0.7), votes=9),
        "b": Human((1, 2), (0.5, 0.2, 0.8), votes=9),
        "c": Human((3, 3), (-0.9, -1.2, -0.6), votes=9),
    }
    found = table(Definition(), "en", ENTRIES, [score("c", 99)], human)
    assert order(found) == [("b", 1), ("a", 1), ("c", 3)]
    assert found.order == "rank"


def test_the_order_of_input_changes_nothing():
    scores = [score("a", 1), score("b", 2), score("c", 1), score("a", 5, metric="chrf"), score("b", 4, metric="chrf")]
    first = table(Definition(), "en", ENTRIES, scores, {})
    assert table(Definition(), "en", ENTRIES[::-1], scores[::-1], {}) == first


def test_a_csv_cell_is_never_a_formula():
    entry = Entry("x", "=1+1", FACTS)
    found = table(Definition(), "en", [entry], [score("x", 1)], {})
    assert "'=1+1" in csv_body(found.columns, found.rows)


def test_a_diff_names_what_moved_and_what_came():
    before = table(Definition(), "en", ENTRIES[:2], [score("a", 1), score("b", 2)], {}).rows
    after = table(Definition(), "en", ENTRIES, [score("a", 3), score("b", 2), score("c", 1)], {}).rows
    found = rows_diff(before, after)
    assert [one["id"] for one in found["added"]] == ["c"]
    moved = {one["model"]["id"]: one for one in found["moved"]}
    assert moved["a"]["position"] == {"from": 2, "to": 1}
    assert moved["a"]["metrics"]["bleu"]["to"]["value"] == 3
    assert "metrics" not in moved["b"]


@pytest.mark.parametrize("field", ["outputs_sha256", "decoding"])
def test_a_diff_of_inputs_names_the_model_and_the_thing(field):
    base = {"definition": {}, "evalset": {}, "study": None, "signatures": [], "scores": {"a": "1"}}
    before = base | {"systems": [{"model": "a", "system": "s", field: "old"}]}
    after = base | {"systems": [{"model": "a", "system": "s", field: "new"}], "scores": {"a": "2"}}
    assert [(one["what"], one["model"]) for one in inputs_diff(before, after)] == [(field, "a"), ("scores", "a")]
