from math import exp, log

import pytest

from evaluation.metrics import perplexity
from evaluation.metrics.base import Pair
from tests.evaluation.metrics.factories import pair, scored
from tests.factories.tiny_model import make_tiny_model

TEXTS = ["监督微调", "a", "The quick brown fox jumps over the lazy dog.", "混合 mixed 文本"]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return {"path": str(make_tiny_model(tmp_path_factory.mktemp("llama")))}


def pairs():
    return [pair("", text, id=str(n)) for n, text in enumerate(TEXTS)]


def test_is_exp_of_the_sums_as_transformers_computes_them(model: dict[str, str]) -> None:
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model["path"])
    peer = AutoModelForCausalLM.from_pretrained(model["path"]).eval()
    nll = tokens = 0.0
    for text in TEXTS:
        row = torch.tensor([[tokenizer.bos_token_id, *tokenizer(text, add_special_tokens=False)["input_ids"]]])
        with torch.no_grad():
            nll += float(peer(row, labels=row).loss) * (row.shape[1] - 1)
        tokens += row.shape[1] - 1
    assert scored("perplexity", pairs(), model=model).value == pytest.approx(exp(nll / tokens), rel=1e-5)
    characters = sum(map(len, TEXTS))
    assert scored("bits_per_char", pairs(), model=model).value == pytest.approx(nll / log(2) / characters, rel=1e-5)


def test_neighbours_do_not_change_an_item(model: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    together = scored("perplexity", pairs(), model=model)
    monkeypatch.setattr(perplexity, "BATCH_TOKENS", 1)
    alone = scored("perplexity", pairs(), model=model)
    assert [one.value for one in alone.items] == pytest.approx([one.value for one in together.items], rel=1e-5)


def test_likelihoods_that_the_trainer_measured_are_taken() -> None:
    found = scored("perplexity", [Pair("1", "", ("ab",), "en", {"nll": 6.0, "tokens": 3})])
    assert found.value == pytest.approx(exp(2))
    assert found.signature.startswith("perplexity|v:1|model:given|lib:transformers-")


def test_without_a_model_it_is_not_computed() -> None:
    assert "its weights are not here" in str(scored("perplexity", pairs()).reason)
