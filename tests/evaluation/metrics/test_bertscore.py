import bert_score
import pytest

from evaluation.metrics import bertscore
from evaluation.metrics.bertscore import BertScore
from evaluation.metrics.encoders import EncoderSpec
from evaluation.metrics.scoring import score_systems
from sftlab.weights import minilm
from tests.evaluation.metrics.factories import pair, scored

LAYER = 5
ENGLISH = [
    ("The cat sat on the mat.", "A cat was sitting on the mat."),
    ("Paris is the capital of France.", "The capital of France is Paris, a city on the Seine."),
    ("Yes", "No, that is not what the report says."),
    ("Fine-tuning takes data, compute and patience; evaluation takes more.", "Evaluation is the hard part."),
]


@pytest.fixture(scope="module")
def spec() -> EncoderSpec:
    return EncoderSpec(str(minilm()), LAYER)


def pairs(language: str = "en"):
    return [pair(h, r, language=language, id=str(n)) for n, (h, r) in enumerate(ENGLISH)]


@pytest.mark.parametrize("idf", [False, True])
def test_equals_bert_score(spec: EncoderSpec, idf: bool) -> None:
    hypotheses, references = map(list, zip(*ENGLISH, strict=True))
    scorer = bert_score.BERTScorer(
        model_type=spec.path, num_layers=LAYER, idf=idf, idf_sents=references if idf else None, nthreads=0
    )
    expected = scorer.score(hypotheses, references)
    found = scored(BertScore(encoders={"en": spec}, idf=idf), pairs())
    for column, values in zip((1, 2, 0), expected, strict=True):
        assert [one.statistics[column] for one in found.items] == pytest.approx(values.tolist(), abs=1e-4)


def test_rescaling_is_linear_in_the_baseline(spec: EncoderSpec) -> None:
    plain = scored(BertScore(encoders={"en": spec}), pairs()).value
    options = {"path": spec.path, "layer": LAYER, "baseline": [0.2, 0.2, 0.2]}
    rescaled = scored(BertScore(encoders={"en": options}), pairs())
    assert plain is not None
    assert rescaled.value == pytest.approx((plain - 0.2) / 0.8)
    assert "rescaled:yes" in rescaled.signature


def test_identical_texts_score_1_and_empty_ones_0(spec: EncoderSpec) -> None:
    found = scored(BertScore(encoders={"en": spec}), [pair("same text", "same text"), pair("", "text", id="2")])
    assert [one.value for one in found.items] == pytest.approx([1.0, 0.0])
    assert found.items[1].flags == ["empty_hypothesis"]


def test_f_is_symmetric_and_the_best_reference_counts(spec: EncoderSpec) -> None:
    metric = BertScore(encoders={"en": spec})
    (left, right), (other, _) = ENGLISH[0], ENGLISH[1]
    there, back = scored(metric, [pair(left, right)]).value, scored(metric, [pair(right, left)]).value
    assert there == pytest.approx(back)
    assert scored(metric, [pair(left, other, right, language="en")]).value == pytest.approx(there)


def test_groups_and_order_do_not_change_items(spec: EncoderSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    metric = BertScore(encoders={"en": spec})
    together = {one.id: one.value for one in scored(metric, pairs()).items}
    monkeypatch.setattr(bertscore, "HELD_TOKENS", 20)
    apart = {one.id: one.value for one in scored(metric, pairs()[::-1]).items}
    assert apart == pytest.approx(together, abs=1e-5)


def test_idf_counts_a_reference_once_however_many_systems_share_it(spec: EncoderSpec) -> None:
    alone = scored(BertScore(encoders={"en": spec}, idf=True), pairs())
    metric = BertScore(encoders={"en": spec}, idf=True)
    together = score_systems({"a": pairs, "b": pairs}, [metric], resamples=0)["b"][0]
    assert together.value == pytest.approx(alone.value, abs=1e-6)


def test_chinese_under_minilm_is_refused_not_scored(spec: EncoderSpec) -> None:
    found = scored(BertScore(encoders={"zh": spec}), [pair("监督微调模型", "监督微调让模型学会回答", language="zh")])
    assert (found.value, found.reasons) == (None, {"unknown_tokens": 1})


def test_few_unknown_tokens_are_told_not_refused(spec: EncoderSpec) -> None:
    text = "a long English answer that quotes the one word 聪 and then goes on for quite a few more words of English"
    found = scored(BertScore(encoders={"en": spec}), [pair(text, text + " again", language="en")])
    assert found.value is not None
    assert 0 < found.parts["unknown_share"] < 0.05


def test_a_language_without_an_encoder_is_not_computed(spec: EncoderSpec) -> None:
    found = scored(BertScore(encoders={"en": spec}), [pair("好", "好的", language="zh")])
    assert (found.value, found.reason) == (None, "no encoder is configured for zh")


def test_signature_names_model_layer_and_libraries(spec: EncoderSpec) -> None:
    signature = scored(BertScore(encoders={"en": spec}), pairs()).signature
    assert "model:en=model@53aa51172d14,layer=5|idf:no|rescaled:no|lib:transformers-" in signature
