"""Pairs for metric tests."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import strategies as st

from evaluation.metrics.base import Metric, Pair
from evaluation.metrics.registry import build
from evaluation.metrics.score import Score
from evaluation.metrics.scoring import score

ENGLISH = st.text(st.sampled_from("abc de.fg, 12\n"), min_size=1, max_size=40)
CHINESE = st.text(st.sampled_from("监督微调很好天气。，a1\n"), min_size=1, max_size=40)
TEXTS = ENGLISH | CHINESE

REAL = [
    ("The cat sat on the mat.", "A cat was sitting on the mat.", "en"),
    ("Fine-tuning a model takes data,\nand patience!", "Fine-tuning models takes good data\nand much patience.", "en"),
    ("今天天气很好，我们去公园散步。", "今天天气真好，我们一起去公园散步吧。", "zh"),
    ("监督微调让模型学会回答问题", "监督微调教会模型如何回答问题。", "zh"),
    ("请用 Python 3.11 写一个排序函数", "请使用 Python 3.11 实现排序函数", "zh"),
    ("The word 微调 means fine-tuning 吗？", "微调 means fine-tuning", "mixed"),
]


def pair(hypothesis: str, *references: str, language: str = "", id: str = "1") -> Pair:
    return Pair(id, hypothesis, references, language)


def real_pairs() -> list[Pair]:
    return [Pair(str(n), hypothesis, (ref,), language) for n, (hypothesis, ref, language) in enumerate(REAL)]


def scored(name: str | Metric, pairs: Sequence[Pair], resamples: int = 0, **options: object) -> Score:
    metric = build(name, options) if isinstance(name, str) else name
    return score(pairs, [metric], resamples=resamples)[0]


def item(name: str | Metric, hypothesis: str, *references: str, language: str = "") -> float | None:
    return scored(name, [pair(hypothesis, *references, language=language)]).items[0].value


def tiny_bert(folder: Path, kind: str = "bert", *, head: bool = False) -> Path:
    """A random model of two layers that knows lower-case letters, and no Chinese."""
    import torch
    from transformers import AutoConfig, AutoModel, AutoModelForSequenceClassification, BertTokenizerFast

    torch.manual_seed(0)
    marks = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    letters = [chr(ord("a") + n) for n in range(26)]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join([*marks, *letters, *(f"##{letter}" for letter in letters)]))
    BertTokenizerFast(vocab=str(folder / "vocab.txt"), model_max_length=64).save_pretrained(folder)
    config = AutoConfig.for_model(
        kind,
        vocab_size=len(marks) + 2 * len(letters),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=80,
        pad_token_id=0,
        num_labels=1,
    )
    model = AutoModelForSequenceClassification.from_config(config) if head else AutoModel.from_config(config)
    model.save_pretrained(folder)
    return folder
