from pathlib import Path

import pytest
import torch

from evaluation.metrics import encoders
from evaluation.metrics.base import NotComputed
from evaluation.metrics.encoders import Encoder, EncoderSpec, batches, padded_states
from evaluation.metrics.packed_bert import PackedBert
from tests.evaluation.metrics.factories import tiny_bert
from tests.factories.tiny_model import make_tiny_model

TEXTS = ["abc", "some words of one text", "a", "one more text that is a little longer"]


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Encoder:
    return Encoder(EncoderSpec(str(tiny_bert(tmp_path_factory.mktemp("bert"))), layer=2))


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_packed_states_equal_those_of_transformers(kind: str, tmp_path: Path) -> None:
    encoder = Encoder(EncoderSpec(str(tiny_bert(tmp_path, kind)), layer=2))
    rows = [text.tokens for text in encoder.encode(TEXTS)]
    with torch.inference_mode():
        packed = PackedBert(encoder.model)(rows).split([len(row) for row in rows])
        for ours, theirs in zip(packed, padded_states(encoder.model, rows), strict=True):
            torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_batches_do_not_change_states(bert: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = bert.encode(TEXTS)
    together = bert.embed(encoded)
    monkeypatch.setattr(encoders.batches, "__defaults__", (1,))
    for ours, theirs in zip(bert.embed(encoded), together, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_batches_hold_every_place_once_within_the_limit() -> None:
    lengths = [5, 1, 9, 2, 2, 7]
    found = batches(lengths, limit=10)
    assert sorted(place for batch in found for place in batch) == list(range(6))
    assert all(len(batch) * max(lengths[place] for place in batch) <= 10 for batch in found)


def test_marks_are_not_the_texts_own_and_unknown_tokens_are_counted(bert: Encoder) -> None:
    (found,) = bert.encode(["ab 微"])
    assert (found.length, found.unknown, found.own[0], found.own[-1]) == (3, 1, False, False)


def test_a_long_text_is_cut_before_its_last_mark(bert: Encoder) -> None:
    (found,) = bert.encode(["a " * 100])
    assert (len(found.tokens), found.truncated, found.own[-1]) == (64, True, False)


def test_a_decoder_gets_a_first_mark_and_knows_every_text(tmp_path: Path) -> None:
    encoder = Encoder(EncoderSpec(str(make_tiny_model(tmp_path)), layer=1))
    (found,) = encoder.encode(["微调"])
    assert (found.own[0], found.unknown, found.length) == (False, 0, len("微调".encode()))
    assert len(encoder.model.layers) == 1


@pytest.mark.parametrize("layer", [0, 3])
def test_a_layer_that_is_not_there_is_refused(layer: int, bert: Encoder) -> None:
    with pytest.raises(NotComputed, match="layers 1 to 2"):
        Encoder(EncoderSpec(bert.spec.path, layer))


def test_a_missing_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotComputed, match="no encoder folder"):
        Encoder(EncoderSpec(str(tmp_path / "none"), 1))


def test_signature_names_weights_and_layer(bert: Encoder) -> None:
    assert bert.signature.endswith(f"@{bert.sha256[:12]},layer=2")
