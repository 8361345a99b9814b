"""What tells runs apart: their inputs first, then what came of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from training.models import Run
from training.ui.durations import in_words
from training.ui.help import LABELS


@dataclass(frozen=True)
class Row:
    name: str
    values: list[str]


def differences(runs: Sequence[Run]) -> list[Row]:
    """Inputs that are the same everywhere are left out."""
    inputs = [_row(_("Base model"), runs, lambda run: run.base_model.name), _row(_("Data"), runs, _data)]
    for part in ("method", "config"):
        names = dict.fromkeys(name for run in runs for name in getattr(run, part))
        inputs += [_row(str(LABELS.get(name, name)), runs, _option(part, name)) for name in names]
    inputs.append(_row(_("Seed"), runs, lambda run: run.seed))
    return [row for row in inputs if len(set(row.values)) > 1] + _results(runs)


def _results(runs: Sequence[Run]) -> list[Row]:
    return [
        _row(_("Eval loss, base"), runs, lambda run: _rounded(run.base_eval_loss)),
        _row(_("Eval loss, tuned"), runs, lambda run: _rounded(run.eval_loss)),
        _row(_("Trained parameters"), runs, lambda run: run.result.get("trainable_parameters")),
        _row(_("Tokens per second"), runs, lambda run: run.result.get("tokens_per_s")),
        _row(_("Time"), runs, lambda run: in_words(run.result.get("seconds"))),
    ]


def _option(part: str, name: str) -> Callable[[Run], Any]:
    return lambda run: getattr(run, part).get(name)


def _row(name: str, runs: Sequence[Run], value: Callable[[Run], Any]) -> Row:
    found = [value(run) for run in runs]
    return Row(name, ["–" if one in (None, "") else str(one) for one in found])


def _data(run: Run) -> str:
    return ", ".join(f"{data.version} × {data.weight:g}" for data in run.datasets.all())


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
