"""Rows that share a pass never see each other."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from training.trainer.attention import NAME, register, rows_attention
from training.trainer.batch import make_batch
from training.trainer.methods.options import Full
from training.trainer.rows import Rows
from training.trainer.tuned import Tuned


def table(*rows: list[int]) -> Rows:
    lengths = [len(row) for row in rows]
    return Rows(
        ids=[str(i) for i in range(len(rows))],
        tokens=np.array([t for row in rows for t in row], np.int32),
        learnt=np.array([i > 0 for row in rows for i in range(len(row))]),
        offsets=np.cumsum([0, *lengths]),
        weights=np.ones(len(rows)),
        difficulty=np.zeros(len(rows)),
    )


@pytest.fixture
def tuned(tiny: Path) -> Tuned:
    model = AutoModelForCausalLM.from_pretrained(tiny, dtype=torch.float64).eval()
    return Tuned(model=model, core=model, options=Full())


def test_changing_row_one_moves_no_state_of_row_two(tuned: Tuned) -> None:
    states = []
    for first in ([5, 6, 7, 8], [9, 1, 1, 2]):
        rows = table(first, [3, 4, 5])
        states.append(tuned.states(make_batch(rows, [0, 1], "cpu", padded=False))[0])
    assert torch.equal(states[0][4:], states[1][4:])
    assert not torch.equal(states[0][:4], states[1][:4])


@pytest.mark.parametrize("padded", [False, True])
def test_a_row_in_company_has_the_loss_it_has_alone(tuned: Tuned, padded: bool) -> None:
    rows = table([5, 6, 7, 8, 9], [3, 4, 5], [200, 100, 50, 20])
    together = tuned.loss(make_batch(rows, [0, 1, 2], "cpu", padded=padded))[1]
    alone = [tuned.loss(make_batch(rows, [i], "cpu", padded=False))[1] for i in range(3)]
    torch.testing.assert_close(together, torch.cat(alone))


def test_padding_is_masked_by_length_and_not_by_id(tuned: Tuned) -> None:
    """The token that pads is also a real one in the middle and at the end of a row."""
    rows = table([5, 0, 7, 0], [3, 4, 5, 6, 7, 8])
    states = tuned.states(make_batch(rows, [0, 1], "cpu", padded=True))
    alone = tuned.states(make_batch(rows, [0], "cpu", padded=False))
    torch.testing.assert_close(states[0, :4], alone[0])


def test_the_whole_model_agrees_with_plain_transformers(tuned: Tuned) -> None:
    rows = table([5, 6, 7, 8, 9, 10, 11])
    ours = tuned.states(make_batch(rows, [0], "cpu", padded=False))
    tuned.for_generation()
    plain = tuned.core.get_decoder()(torch.tensor([[5, 6, 7, 8, 9, 10, 11]])).last_hidden_state
    torch.testing.assert_close(ours, plain)


def test_a_sliding_window_hides_what_is_further_back() -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(1, 2, 9, 4, dtype=torch.float64) for _ in range(3))
    near, _ = rows_attention(None, q, k, v, None, row_lengths=(9,), sliding_window=3)
    moved = k.clone()
    moved[:, :, 0] += 5
    again, _ = rows_attention(None, q, moved, v, None, row_lengths=(9,), sliding_window=3)
    assert torch.equal(near[:, 3:], again[:, 3:])
    assert not torch.equal(near[:, :3], again[:, :3])


@pytest.mark.parametrize("kind", ["mistral", "qwen2", "qwen3", "gemma2", "phi3"])
def test_other_families_agree_with_plain_transformers_whatever_the_pass(kind: str) -> None:
    from transformers import AutoConfig

    torch.manual_seed(0)
    settings: dict[str, Any] = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "vocab_size": 97}
    settings |= {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8, "pad_token_id": 0}
    config = AutoConfig.for_model(kind, **settings, sliding_window=4, tie_word_embeddings=False)
    model = AutoModelForCausalLM.from_config(config).double().eval()
    tuned = Tuned(model=model, core=model, options=Full())
    rows = table(list(range(1, 12)), [3, 4, 5])
    loss = tuned.loss(make_batch(rows, [0, 1], "cpu", padded=not tuned.packs()))[1]
    tuned.for_generation()
    expected = []
    for i in range(2):
        ids = torch.tensor(rows.row(i)[0].tolist())
        expected.append(torch.nn.functional.cross_entropy(model(ids[None]).logits[0, :-1], ids[1:], reduction="none"))
    torch.testing.assert_close(loss, torch.cat(expected), atol=1e-6, rtol=1e-6)


def test_the_attention_is_known_by_its_name() -> None:
    from transformers import AttentionInterface

    register()
    assert AttentionInterface().get_interface(NAME, None) is rows_attention
