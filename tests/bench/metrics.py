"""`make bench-metrics`: metrics against their reference packages, alternating in one run, on real texts.

References are the outputs of two instruction sets, hypotheses the same texts with a fifth of their words dropped. One
JSON line for each measurement; `largest_difference` is between both packages' values, item by item.
"""

import argparse
import json
import os
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import compress
from typing import Any, NamedTuple

from training.trainer.threads import WAITING

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.update(WAITING)  # for both sides, as the service's children run

import bert_score
import numpy as np
import sacrebleu
from nltk.translate.meteor_score import single_meteor_score
from rouge_score import rouge_scorer
from sacrebleu.tokenizers.tokenizer_13a import Tokenizer13a
from sacrebleu.tokenizers.tokenizer_re import TokenizerRegexp
from sacrebleu.tokenizers.tokenizer_zh import TokenizerZh

from evaluation.encoders import MINILM_LAYER
from evaluation.metrics import bertscore
from evaluation.metrics.base import Metric, Pair
from evaluation.metrics.bertscore import BertScore
from evaluation.metrics.encoders import EncoderSpec, load_encoder
from evaluation.metrics.registry import build
from evaluation.metrics.resampling import compare
from evaluation.metrics.workspace import Workspace
from sftlab.text.segmentation import segment, words
from sftlab.weights import minilm
from tests.bench.data import instruction_rows

DROPPED = 0.2
ROUGES = ["rouge1", "rouge2", "rougeL", "rougeLsum"]
BATCH = 64
SYSTEMS = 8


def texts(language: str) -> list[str]:
    return [row["output"] for row in instruction_rows(language)]


def with_words_dropped(text: str, language: str, rng: random.Random) -> str:
    parts = re.findall(r"\s*\S+", text) if language == "en" else _with_gaps(text)
    return "".join(part for part in parts if rng.random() >= DROPPED)


def _with_gaps(text: str) -> list[str]:
    """jieba's words, each with what stands before it."""
    parts, start, folded = [], 0, text.lower()
    for word in segment(text, "zh"):
        end = folded.find(word, start) + len(word)
        if end >= start + len(word):
            parts.append(text[start:end])
            start = end
    return [*parts, text[start:]]


def pairs(language: str, seed: int = 0) -> list[Pair]:
    rng = random.Random(seed)
    found = enumerate(texts(language))
    return [Pair(str(number), with_words_dropped(text, language, rng), (text,), language) for number, text in found]


class Timing(NamedTuple):
    """Medians over the rounds, in seconds of the clock and of the processor."""

    clock: float
    processor: float


def alternating(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[Timing, Timing, Any, Any]:
    """Both timings, and both last results."""
    times: tuple[list[Timing], list[Timing]] = ([], [])
    results: list[Any] = [None, None]
    for _ in range(rounds):
        for side, work in enumerate((ours, theirs)):
            clock, processor = time.perf_counter(), time.process_time()
            results[side] = work()
            times[side].append(Timing(time.perf_counter() - clock, time.process_time() - processor))
    medians = [Timing(*map(statistics.median, zip(*side, strict=True))) for side in times]
    return medians[0], medians[1], *results


def report(name: str, ours: Timing, theirs: Timing, **more: Any) -> None:
    line = {
        "bench": name,
        "speed_ratio": round(theirs.clock / ours.clock, 2),
        "processor_ratio": round(theirs.processor / ours.processor, 2),
        "seconds": round(ours.clock, 4),
        "peer_seconds": round(theirs.clock, 4),
    }
    print_line(line | more)


def item_values(metric: Metric, rows: Sequence[Pair], workspace: Workspace | None = None) -> np.ndarray:
    return metric.value(metric.rows(rows, workspace or Workspace()).statistics)


class Words:
    """rouge_score's tokeniser interface over our tokens, cut beforehand."""

    def __init__(self, rows: Sequence[Pair], language: str) -> None:
        lines = {
            line for row in rows for text in (row.hypothesis, *row.references) for line in (text, *text.split("\n"))
        }
        self.known = {line: segment(line, language) for line in lines}

    def tokenize(self, text: str) -> list[str]:
        return self.known[text]


def bench_rouge(rows: Sequence[Pair], language: str, rounds: int) -> None:
    """English from the bare texts, each side with its own tokeniser; Chinese from the same tokens, cut beforehand."""
    metrics = [build(name) for name in ROUGES]
    workspace = Workspace()
    if language == "zh":
        for text in {text for row in rows for text in (row.hypothesis, *row.references)}:
            workspace.lines(text, "jieba")
            workspace.tokens(text, "jieba")
        scorer = rouge_scorer.RougeScorer(ROUGES, tokenizer=Words(rows, language))
    else:
        scorer = rouge_scorer.RougeScorer(ROUGES)

    def ours() -> list[np.ndarray]:
        shared = workspace if language == "zh" else Workspace()
        return [item_values(metric, rows, shared) for metric in metrics]

    def theirs() -> list[list[float]]:
        found = [scorer.score(row.references[0], row.hypothesis) for row in rows]
        return [[one[name].fmeasure for one in found] for name in ROUGES]

    seconds, peer, values, expected = alternating(ours, theirs, rounds)
    comparable = np.array([_comparable(row, language) for row in rows])
    difference = np.abs(np.array(values) - np.array(expected))[:, comparable].max()
    report(
        f"rouge_{language}",
        seconds,
        peer,
        items=len(rows),
        compared=int(comparable.sum()),
        largest_difference=float(difference),
    )


def _comparable(row: Pair, language: str) -> bool:
    """Not one word against itself (1 here, 0 for rouge_score's ROUGE-2), nor words that it cuts at other letters."""
    if len(segment(row.references[0], language)) < 2:
        return False
    texts_ = (row.hypothesis, *row.references)
    return language == "zh" or all(words(text) == words(text.encode("ascii", "replace").decode()) for text in texts_)


def bench_sentences(rows: Sequence[Pair], language: str, rounds: int) -> None:
    tokenize = {"en": "13a", "zh": "zh"}[language]
    peers = {
        "bleu": sacrebleu.BLEU(tokenize=tokenize, effective_order=True),
        "chrf": sacrebleu.CHRF(),
        "chrf++": sacrebleu.CHRF(word_order=2),
    }
    for name, peer in peers.items():

        def theirs(peer: Any = peer) -> list[float]:
            for tokenizer in (Tokenizer13a, TokenizerZh, TokenizerRegexp):
                tokenizer.__call__.cache_clear()
            return [peer.sentence_score(row.hypothesis, list(row.references)).score for row in rows]

        metric = build(name)
        ours, peer_seconds, values, expected = alternating(partial(item_values, metric, rows), theirs, rounds)
        difference = float(np.abs(values - np.array(expected)).max())
        report(f"{name}_{language}", ours, peer_seconds, items=len(rows), largest_difference=difference)


class NoSynonyms:
    def synsets(self, word: str) -> list[object]:
        return []


def bench_equality(rows: Sequence[Pair], language: str) -> None:
    """What is not timed: TER and METEOR item by item, BLEU and chrF over the corpus, against their packages."""
    hypotheses, references = [row.hypothesis for row in rows], [row.references[0] for row in rows]
    ter = sacrebleu.TER(**({"normalized": True, "asian_support": True} if language == "zh" else {}))
    report_equality(
        "ter", rows, language, [ter.sentence_score(row.hypothesis, [*row.references]).score for row in rows]
    )
    words_ = [
        (segment(reference, language), segment(text, language))
        for text, reference in zip(hypotheses, references, strict=True)
    ]
    meteor = [single_meteor_score(*pair, wordnet=NoSynonyms()) if pair[0] != pair[1] else 1.0 for pair in words_]
    report_equality("meteor_exact_stem", rows, language, meteor)
    for name, peer in {
        "bleu": sacrebleu.BLEU(tokenize={"en": "13a", "zh": "zh"}[language]),
        "chrf": sacrebleu.CHRF(),
    }.items():
        metric = build(name)
        totals = metric.rows(rows, Workspace()).statistics.sum(axis=0)
        difference = abs(float(metric.value(totals)) - peer.corpus_score(hypotheses, [references]).score)
        print_line({"bench": f"equal_corpus_{name}_{language}", "items": len(rows), "largest_difference": difference})


def report_equality(name: str, rows: Sequence[Pair], language: str, expected: Sequence[float]) -> None:
    difference = float(np.abs(item_values(build(name), rows) - np.array(expected)).max())
    print_line({"bench": f"equal_{name}_{language}", "items": len(rows), "largest_difference": difference})


def print_line(line: dict[str, Any]) -> None:
    print(json.dumps(line, ensure_ascii=False), flush=True)


def bench_paired_bootstrap() -> None:
    metric = build("bleu")
    a, b = (metric.rows(pairs("zh", seed), Workspace()).statistics for seed in (0, 1))
    started = time.perf_counter()
    found = compare(a, b, metric.value, resamples=10_000, seed=0)
    seconds = time.perf_counter() - started
    print(
        json.dumps(
            {"bench": "paired_bootstrap_bleu", "seconds": round(seconds, 3), "items": found.n, "resamples": 10_000}
        )
    )


def bench_bertscore(language: str, count: int, rounds: int) -> None:
    """Both are warm: libraries load and compile at the first call."""
    rows = pairs(language)[:count]
    rows = [row for row in rows if row.hypothesis.strip()]
    spec = EncoderSpec(str(minilm()), MINILM_LAYER)
    load_encoder(spec)
    scorer = bert_score.BERTScorer(model_type=str(minilm()), num_layers=MINILM_LAYER, batch_size=BATCH)
    metric = BertScore(encoders={language: spec})
    hypotheses, references = [row.hypothesis for row in rows], [row.references[0] for row in rows]

    def theirs() -> np.ndarray:
        found: np.ndarray = scorer.score(hypotheses, references)[2].numpy()
        return found

    item_values(metric, rows[:2])
    scorer.score(hypotheses[:2], references[:2])
    ours, peer, values, expected = alternating(partial(item_values, metric, rows), theirs, rounds)
    difference = float(np.abs(values - expected).max())
    report(f"bertscore_{language}", ours, peer, items=len(rows), largest_difference=difference)


def bench_shared_references(count: int) -> None:
    """Eight systems over the same references, in one chunk here, in eight calls there."""
    everything = [pairs("en", seed)[:count] for seed in range(SYSTEMS)]
    whole = [all(row.hypothesis.strip() for row in rows) for rows in zip(*everything, strict=True)]
    systems = [list(compress(rows, whole)) for rows in everything]
    spec = EncoderSpec(str(minilm()), MINILM_LAYER)
    load_encoder(spec)
    scorer = bert_score.BERTScorer(model_type=str(minilm()), num_layers=MINILM_LAYER, batch_size=BATCH)
    metric = BertScore(encoders={"en": spec})

    def theirs() -> np.ndarray:
        return np.concatenate(
            [
                scorer.score([row.hypothesis for row in rows], [row.references[0] for row in rows])[2].numpy()
                for rows in systems
            ]
        )

    together = [row for rows in systems for row in rows]
    item_values(metric, together[:2])
    scorer.score([row.hypothesis for row in together[:2]], [row.references[0] for row in together[:2]])
    ours, peer, values, expected = alternating(lambda: item_values(metric, together), theirs, 1)
    report(
        "bertscore_eight_systems",
        ours,
        peer,
        items=len(together),
        largest_difference=float(np.abs(values - expected).max()),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--encoded", type=int, default=300, help="pairs for BERTScore (%(default)s)")
    parser.add_argument("--only", default="rouge,sentences,equal,bootstrap,bertscore,systems")
    options = parser.parse_args()
    wanted = options.only.split(",")
    bertscore.MOST_UNKNOWN = 1.0  # Chinese under MiniLM is a case of speed only
    for language in ("en", "zh"):
        rows = pairs(language)
        if "rouge" in wanted:
            bench_rouge(rows, language, options.rounds)
        if "sentences" in wanted:
            bench_sentences(rows, language, options.rounds)
        if "equal" in wanted:
            bench_equality(rows, language)
        if "bertscore" in wanted:
            bench_bertscore(language, options.encoded, 1)
    if "bootstrap" in wanted:
        bench_paired_bootstrap()
    if "systems" in wanted:
        bench_shared_references(options.encoded // 3)


if __name__ == "__main__":
    main()
