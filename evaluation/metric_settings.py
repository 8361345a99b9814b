"""What whoever runs this installation set up for metrics, in the JSON file that SFTLAB_METRICS names.

``encoders``: by language what BERTScore takes, beside or in the place of the demo's; ``options``: by metric what its
class takes (a learned metric's folder, METEOR's WordNet, pass@k's leave); ``modules``: folders of ``evaluate`` modules,
each a metric named ``module:`` and the folder's name. They hold code that runs, so no page takes them.
"""

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from evaluation.encoders import encoders
from evaluation.metric_titles import title_of
from evaluation.metrics.registry import METRICS, MODULE

READY = ("", "encoder", "model")
"""Needs that are met without options."""


@dataclass(frozen=True)
class MetricSettings:
    encoders: dict[str, dict[str, Any]] = field(default_factory=dict)
    options: dict[str, dict[str, Any]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)

    @property
    def module_paths(self) -> dict[str, str]:
        return {f"{MODULE}{Path(folder).name}": f"{MODULE}{folder}" for folder in self.modules}

    @property
    def known(self) -> list[str]:
        return [*METRICS, *self.module_paths]

    @property
    def offered(self) -> list[tuple[str, str]]:
        """Names and titles of what can be computed here."""
        ready = [one for one in METRICS.values() if one.needs in READY or one.name in self.options]
        return [*((one.name, title_of(one.name)) for one in ready), *((name, name) for name in self.module_paths)]

    def spec(self, metrics: list[str]) -> dict[str, Any]:
        """These metrics' part of the child's spec."""
        named = {name: self.module_paths.get(name, name) for name in metrics}
        return {
            "metrics": list(named.values()),
            "options": {named[name]: self.options[name] for name in metrics if name in self.options},
            "encoders": encoders() | self.encoders,
        }


def metric_settings() -> MetricSettings:
    """Raises ImproperlyConfigured that says what is wrong with the file."""
    file = settings.METRICS_FILE
    if not file:
        return MetricSettings()
    try:
        raw = json.loads(Path(file).read_text(encoding="utf-8"))
        unknown = set(raw) - {one.name for one in fields(MetricSettings)}
        found = MetricSettings(**{name: value for name, value in raw.items() if name not in unknown})
    except (OSError, ValueError, TypeError) as error:
        raise ImproperlyConfigured(f"SFTLAB_METRICS: {file} can't be read: {error}") from error
    faults = [f"{name} is not known" for name in sorted(unknown)]
    faults += [f"options.{name} is no metric" for name in found.options if name not in found.known]
    faults += [f"there is no module {folder}" for folder in found.modules if not _holds_module(Path(folder))]
    if faults:
        raise ImproperlyConfigured(f"SFTLAB_METRICS: {file}: {'; '.join(faults)}")
    return found


def _holds_module(folder: Path) -> bool:
    return folder.is_absolute() and (folder / f"{folder.name}.py").is_file()
