"""The metrics child of an evaluation: reads RUN_DIR/spec.json, writes events.jsonl and result.json."""

import json
import signal
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from evaluation.metrics.base import Metric
from evaluation.metrics.comparing import Resampling, compared
from evaluation.metrics.files import pairs_from_jsonl, write_json
from evaluation.metrics.registry import build
from evaluation.metrics.scoring import Source, score_systems
from evaluation.metrics.spec import VERSION, MetricsSpec, read_spec
from sftlab.errors import BadInput
from training.trainer.events import Events

DONE, FAILED, BAD_SPEC, CANCELLED = 0, 1, 2, 75


class Cancelled(Exception):
    pass


def run(folder: Path) -> int:
    events = Events(folder / "events.jsonl")
    signal.signal(signal.SIGTERM, _cancel)
    try:
        spec = read_spec(_load(folder / "spec.json"), folder)
        events.send("start", task="metrics", metrics=spec.metrics)
        write_json(folder / "result.json", _result(spec, folder, events))
    except Cancelled:
        events.send("error", code="cancelled", message="cancelled")
        return CANCELLED
    except BadInput as error:
        events.send("error", code=error.code, message=str(error), rows=error.errors)
        return BAD_SPEC
    except Exception as error:
        events.send("error", code="failed", message=f"{type(error).__name__}: {error}")
        raise
    else:
        events.send("done")
        return DONE
    finally:
        events.close()


def _cancel(number: int, frame: FrameType | None) -> None:
    raise Cancelled


def _load(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"spec.json: {error}", errors=[{"field": "spec", "reason": str(error)}]) from error


def _result(spec: MetricsSpec, folder: Path, events: Events) -> dict[str, Any]:
    started = time.monotonic()
    files = spec.systems or {"": spec.pairs}
    sources: dict[str, Source] = {
        name: partial(pairs_from_jsonl, folder / file, spec.language) for name, file in files.items()
    }
    ids = {name: [pair.id for pair in source()] for name, source in sources.items()}
    _same_items(ids)
    metrics = build_metrics(spec, folder)
    progress = _Progress(folder, events, sum(map(len, ids.values())))
    scores = score_systems(
        sources, metrics, resamples=spec.resamples, seed=spec.seed, level=spec.level, progress=progress
    )
    result: dict[str, Any] = {"version": VERSION, "status": "done", "task": "metrics"}
    if spec.systems:
        result["systems"] = {name: [score.as_json() for score in found] for name, found in scores.items()}
        labels = _load(folder / spec.labels) if spec.labels else {}
        how = Resampling(spec.resamples, spec.seed, spec.level)
        result |= compared(metrics, scores, labels, how, step=progress.look)
    else:
        result["scores"] = [score.as_json() for score in scores[""]]
    return result | {"seconds": round(time.monotonic() - started, 3)}


def build_metrics(spec: MetricsSpec, folder: Path) -> list[Metric]:
    cache = {"cache": spec.cache or str(folder.parent / "cache")}
    shared: dict[str, dict[str, Any]] = {
        "bertscore": {"encoders": {language: cache | encoder for language, encoder in spec.encoders.items()}},
        **({name: {"model": cache | spec.model} for name in ("perplexity", "bits_per_char")} if spec.model else {}),
    }
    return [build(name, shared.get(name, {}) | spec.options.get(name, {})) for name in spec.metrics]


def _same_items(ids: Mapping[str, Iterable[str]]) -> None:
    first = next(iter(ids.values()))
    for name, found in ids.items():
        if found != first:
            raise BadInput(
                f"system {name} does not have the same items in the same order as the first",
                errors=[{"field": f"systems.{name}", "reason": "other items or another order"}],
            )


class _Progress:
    """An event for each chunk, and the place where a wish to cancel is seen."""

    def __init__(self, folder: Path, events: Events, total: int) -> None:
        self._cancel_file, self._events, self._total, self._done = folder / "cancel", events, total, 0

    def __call__(self, pairs: int) -> None:
        self._done += pairs
        self.look()

    def look(self) -> None:
        self._events.progress("pairs", self._done, self._total)
        if self._cancel_file.exists():
            raise Cancelled
