import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from tests.evaluation.metrics.factories import pair, scored

LABELS = ["正面", "负面", "中性", "n/a"]


@given(st.lists(st.tuples(st.sampled_from([*LABELS, "不知道"]), st.sampled_from(LABELS)), min_size=1, max_size=20))
def test_equals_scikit_learn(rows) -> None:
    pairs = [pair(answer, true, id=str(n)) for n, (answer, true) in enumerate(rows)]
    answers, truth = zip(*rows, strict=True)
    known = sorted(set(truth))
    precision, recall, f1, _ = precision_recall_fscore_support(
        truth, answers, labels=known, average="macro", zero_division=0
    )
    found = [scored(name, pairs).value for name in ("accuracy", "precision", "recall", "f1")]
    assert found == pytest.approx([accuracy_score(truth, answers), precision, recall, f1])


def test_labels_match_whatever_their_case_and_final_stop() -> None:
    assert scored("accuracy", [pair("Positive.", "positive")]).value == 1


def test_free_text_references_are_not_labels() -> None:
    found = scored("f1", [pair("x", f"text number {n}", id=str(n)) for n in range(101)])
    assert found.value is None
    assert "not labels" in str(found.reason)
