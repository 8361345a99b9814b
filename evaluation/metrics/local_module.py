"""Any metric of the ``evaluate`` library from a folder on this machine, never from the hub."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from evaluation.metrics.base import MeanMetric, NotComputed, Pair, Rows
from evaluation.metrics.registry import MODULE
from evaluation.metrics.workspace import Workspace


class LocalModule(MeanMetric):
    """The module's ``compute`` on one item at a time, averaged; ``key`` names the figure where it returns several.

    The folder holds Python that runs: only an admin's path may come here.
    """

    def __init__(
        self, path: str, *, key: str = "", several_references: bool = True, arguments: Mapping[str, Any] | None = None
    ) -> None:
        self.path = Path(path)
        self.name = f"{MODULE}{self.path.name}"
        self.key = key or self.path.name
        self.several_references = several_references
        self.arguments = dict(arguments or {})
        self._module: Any = None

    def statistics(self, pairs: Sequence[Pair], workspace: Workspace) -> Rows:
        rows = Rows.empty(len(pairs), len(self.columns))
        for place, pair in enumerate(pairs):
            references = list(pair.references) if self.several_references else pair.references[0]
            found = self._load().compute(predictions=[pair.hypothesis], references=[references], **self.arguments)
            rows.statistics[place] = self._figure(found), 1
        return rows

    def _figure(self, found: Mapping[str, Any]) -> float:
        if self.key not in found:
            raise NotComputed(f"{self.path.name} gives {', '.join(found)}, not {self.key}: name one as key")
        value = found[self.key]
        return float(value[0] if isinstance(value, list) else value)

    def _load(self) -> Any:
        if self._module is None:
            if not self._script().is_file():
                raise NotComputed(f"there is no evaluate module {self._script()}")
            os.environ["HF_HUB_OFFLINE"] = os.environ["HF_EVALUATE_OFFLINE"] = "1"
            import evaluate

            self._module = evaluate.load(str(self.path.resolve()))
        return self._module

    def _script(self) -> Path:
        return self.path / f"{self.path.name}.py"

    def details(self) -> dict[str, str]:
        script = self._script()
        digest = hashlib.sha256(script.read_bytes()).hexdigest()[:12] if script.is_file() else "none"
        arguments = ",".join(f"{key}={value}" for key, value in sorted(self.arguments.items())) or "none"
        return {
            "script": digest,
            "key": self.key,
            "args": arguments,
            "avg": "item",
            "lib": f"evaluate-{metadata.version('evaluate')}",
        }
