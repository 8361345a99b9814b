"""A run's curves as the chart script takes them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from training import selectors
from training.models import Metric, Run
from training.selectors import curve


@dataclass(frozen=True)
class Chart:
    name: str
    title: Promise
    unit: Promise
    lines: Sequence[tuple[str, str, Promise]]
    """Kind of point, value, name of the line."""


CHARTS = [
    Chart(
        "loss",
        _("Loss by step"),
        _("loss (nats per token)"),
        [("train", "loss", _("training")), ("eval", "loss", _("evaluation"))],
    ),
    Chart(
        "perplexity", _("Perplexity on the evaluation rows"), _("perplexity"), [("eval", "perplexity", _("perplexity"))]
    ),
    Chart("lr", _("Learning rate by step"), _("rate"), [("train", "lr", _("rate"))]),
    Chart("grad_norm", _("Gradient norm before clipping"), _("norm"), [("train", "grad_norm", _("norm"))]),
    Chart("speed", _("Tokens per second"), _("tokens/s"), [("train", "tokens_per_s", _("tokens/s"))]),
    Chart(
        "memory",
        _("Memory of the process"),
        _("MB"),
        [("train", "rss_mb", _("resident")), ("train", "gpu_mb", _("on the GPU, at most"))],
    ),
]


def shown(run: Run) -> list[Chart]:
    """Those that have points; all of them as long as there are none."""
    latest = {kind: selectors.latest_values(run, kind) for kind in Metric.Kind.values}
    found = [chart for chart in CHARTS if any(value in latest[kind] for kind, value, _label in chart.lines)]
    return found or CHARTS


def data(name: str, runs: Sequence[Run]) -> dict[str, Any]:
    """Raises Http404 for an unknown chart."""
    chart = next((chart for chart in CHARTS if chart.name == name), None)
    if chart is None:
        raise Http404
    series = [line for run in runs for line in _lines(chart, run, with_name=len(runs) > 1)]
    return {"series": series, "x": str(_("step")), "y": str(chart.unit)}


def _lines(chart: Chart, run: Run, *, with_name: bool) -> list[dict[str, Any]]:
    found = []
    for kind, value, label in chart.lines:
        points = [point for point in curve(run, kind) if value in point.values]
        if points:
            name = f"{run.name} · {label}" if with_name else str(label)
            found.append({"name": name, "x": [p.step for p in points], "y": [p.values[value] for p in points]})
    return found
