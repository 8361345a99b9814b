"""The task `perplexity`: exp(ΣNLL / Σtokens) of a model on the answers of some rows."""

import json
import time
from math import exp
from pathlib import Path
from typing import Any

from training.trainer.base_model import load_chat, locate
from training.trainer.errors import TrainerError
from training.trainer.evaluation import row_scores
from training.trainer.events import Events
from training.trainer.loading import any_device, load_tuned
from training.trainer.memory import peak_rss_mb
from training.trainer.rows import Options, join, prepared
from training.trainer.run_dir import RunDir
from training.trainer.spec import PerplexitySpec, Spec, TrainConfig

OUTPUTS = "outputs.jsonl"


def perplexity(run_dir: RunDir, spec: Spec, events: Events, cache: Path) -> dict[str, Any]:
    body = spec.body
    assert isinstance(body, PerplexitySpec)
    started = time.monotonic()
    source = locate(body.model, cache)
    chat = load_chat(source)
    options = Options(max_length=body.max_length)
    rows = join([prepared(run_dir.path, file, chat, options, cache) for file in body.data])
    if not len(rows):
        raise TrainerError("no_supervised_tokens", "No row has tokens to be scored.")
    events.send("start", task=spec.task, fence=spec.fence, **rows.counts())
    tuned = load_tuned(source, device=any_device())
    scores: dict[int, tuple[float, int]] = {}
    for row, nll, tokens in row_scores(tuned, rows, TrainConfig(micro_tokens=body.micro_tokens)):
        scores[row] = nll, tokens
    events.progress("rows", len(scores), len(rows))
    with (run_dir.path / OUTPUTS).open("w", encoding="utf-8") as outputs:
        for row, (nll, tokens) in sorted(scores.items()):
            outputs.write(json.dumps({"id": rows.ids[row], "nll": nll, "tokens": tokens}) + "\n")
    total, count = sum(nll for nll, _ in scores.values()), sum(tokens for _, tokens in scores.values())
    return {
        "perplexity": exp(min(total / count, 700.0)),
        "loss": total / count,
        "nll": total,
        "tokens": count,
        "data": rows.counts(),
        "outputs": OUTPUTS,
        "seconds": round(time.monotonic() - started, 3),
        "peak_rss_mb": peak_rss_mb(),
    }
