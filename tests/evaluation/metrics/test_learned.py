from pathlib import Path

import pytest

from tests.evaluation.metrics.factories import pair, scored, tiny_bert


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tiny_bert(tmp_path_factory.mktemp("bleurt"), head=True))


def test_is_the_models_output_for_reference_and_hypothesis(folder: str) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    rows = [("a cat", "the cat"), ("one longer answer", "another answer that is longer")]
    with torch.no_grad():
        expected = [float(model(**tokenizer(r, h, return_tensors="pt")).logits) for h, r in rows]
    found = scored("learned", [pair(h, r, id=str(n)) for n, (h, r) in enumerate(rows)], path=folder)
    assert [one.value for one in found.items] == pytest.approx(expected, abs=1e-5)
    assert f"model:{Path(folder).name}@" in found.signature
    assert "torch-" in found.signature


def test_rows_it_cannot_read_are_refused(folder: str) -> None:
    assert scored("learned", [pair("好", "好的")], path=folder).items[0].reason == "unknown_tokens"


def test_the_share_of_tokens_it_does_not_know_is_told(folder: str) -> None:
    """One character among 40 letters and the three marks of a pair."""
    found = scored("learned", [pair("a" * 20 + "好", "b" * 20)], path=folder)
    assert found.parts["unknown_share"] == pytest.approx(1 / 44)


def test_without_a_folder_it_is_not_computed() -> None:
    assert scored("learned", [pair("a", "a")]).reason == "no folder with a learned metric is configured"
