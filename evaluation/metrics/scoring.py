"""Systems scored by metrics, chunk by chunk: memory holds one chunk's texts and all rows' statistics, not all texts.

Systems that share a chunk share its work: equal texts (the references above all) are cut and encoded once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice

from evaluation.metrics.base import Metric, NotComputed, Pair, Prepared, Rows
from evaluation.metrics.resampling import LEVEL, RESAMPLES
from evaluation.metrics.score import Score, not_computed, score_rows
from evaluation.metrics.workspace import Workspace

CHUNK_PAIRS = 1024

Source = Callable[[], Iterable[Pair]]
Progress = Callable[[int], None]


def score(
    pairs: Sequence[Pair], metrics: Sequence[Metric], *, resamples: int = RESAMPLES, seed: int = 0
) -> list[Score]:
    return score_systems({"": lambda: pairs}, metrics, resamples=resamples, seed=seed)[""]


def score_systems(
    systems: Mapping[str, Source],
    metrics: Sequence[Metric],
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    level: float = LEVEL,
    progress: Progress | None = None,
) -> dict[str, list[Score]]:
    """Each system's scores, in the metrics' order. Each source is read once, twice where a metric prepares."""
    refused = _prepare(systems, metrics)
    ids: dict[str, list[str]] = {name: [] for name in systems}
    found: dict[str, list[list[Rows]]] = {name: [[] for _ in metrics] for name in systems}
    for chunk in _chunks(systems):
        workspace = Workspace()
        pairs = [pair for part in chunk.values() for pair in part]
        for name, part in chunk.items():
            ids[name] += [pair.id for pair in part]
        for place, metric in enumerate(metrics):
            if place not in refused:
                try:
                    _deal(metric.rows(pairs, workspace), chunk, found, place)
                except NotComputed as error:
                    refused[place] = str(error)
        if progress:
            progress(len(pairs))
    return {
        name: [
            not_computed(metric.name, refused[place], better=metric.better, signature=metric.signature)
            if place in refused
            else score_rows(
                metric,
                ids[name],
                Rows.joined(found[name][place], len(metric.columns)),
                resamples=resamples,
                seed=seed,
                level=level,
            )
            for place, metric in enumerate(metrics)
        ]
        for name in systems
    }


def _prepare(systems: Mapping[str, Source], metrics: Sequence[Metric]) -> dict[int, str]:
    refused = {}
    for place, metric in enumerate(metrics):
        if isinstance(metric, Prepared):
            try:
                # The items are the same for every system, and each counts once.
                metric.prepare(next(iter(systems.values()))())
            except NotComputed as error:
                refused[place] = str(error)
    return refused


def _chunks(systems: Mapping[str, Source]) -> Iterator[dict[str, list[Pair]]]:
    streams = {name: iter(source()) for name, source in systems.items()}
    size = max(1, CHUNK_PAIRS // max(len(streams), 1))
    while chunk := {name: part for name, stream in streams.items() if (part := list(islice(stream, size)))}:
        yield chunk


def _deal(rows: Rows, chunk: Mapping[str, Sequence[Pair]], found: Mapping[str, list[list[Rows]]], place: int) -> None:
    start = 0
    for name, part in chunk.items():
        end = start + len(part)
        found[name][place].append(Rows(rows.statistics[start:end], rows.flags[start:end], rows.reasons[start:end]))
        start = end
