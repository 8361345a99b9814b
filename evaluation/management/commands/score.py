import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from evaluation.metric_settings import metric_settings
from evaluation.metrics.base import Pair
from evaluation.metrics.files import pairs_from_jsonl, pairs_from_lines
from evaluation.metrics.registry import METRICS
from evaluation.metrics.resampling import RESAMPLES
from sftlab.errors import BadInput

AUTO = "auto"


class Command(BaseCommand):
    help = "Metrics of outputs against references, with intervals and signatures. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "hypotheses", type=Path, help="outputs, one a line; or JSONL with hypothesis and references"
        )
        parser.add_argument(
            "references", type=Path, nargs="*", help="references, line by line; several files are allowed"
        )
        parser.add_argument("--metrics", default="bleu,chrf,rougeL", help=f"of {', '.join(METRICS)} (%(default)s)")
        parser.add_argument(
            "--lang", default=AUTO, choices=["zh", "en", "mixed", AUTO], help="of the texts (%(default)s)"
        )
        parser.add_argument("--resamples", type=int, default=RESAMPLES, help="of the bootstrap (%(default)s)")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (%(default)s)")
        parser.add_argument("--encoders", type=Path, help="JSON by language: {path, layer, gguf_file, name, baseline}")
        parser.add_argument("--options", type=Path, help="JSON by metric: what its class takes")
        parser.add_argument("--model", type=Path, help="JSON {path, gguf_file, name}, for perplexity")
        parser.add_argument("--items", action="store_true", help="with --json, the items' values too")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="sftlab-score-") as folder:
            try:
                _write_run(Path(folder), options)
            except (BadInput, OSError, ValueError) as error:
                raise CommandError(str(error), returncode=2) from error
            scores = _scored(Path(folder))
        if options["json"]:
            self.stdout.write(json.dumps(_document(scores, options), ensure_ascii=False, indent=2))
        else:
            _show(Console(), scores)


def _write_run(folder: Path, options: dict[str, Any]) -> None:
    with (folder / "pairs.jsonl").open("w", encoding="utf-8") as out:
        for pair in _pairs(options):
            out.write(json.dumps(asdict(pair), ensure_ascii=False) + "\n")
    configured = metric_settings().spec([name for name in options["metrics"].split(",") if name])
    spec = {
        "version": 1,
        "metrics": configured["metrics"],
        "pairs": "pairs.jsonl",
        "resamples": options["resamples"],
        "seed": options["seed"],
        "encoders": _json(options["encoders"]) if options["encoders"] else configured["encoders"],
        "options": configured["options"] | _json(options["options"]),
        "model": _json(options["model"]),
        "cache": str(settings.VAR_DIR / "runs" / "cache"),
    }
    (folder / "spec.json").write_text(json.dumps(spec), encoding="utf-8")


def _pairs(options: dict[str, Any]) -> Iterator[Pair]:
    language = "" if options["lang"] == AUTO else options["lang"]
    if options["references"]:
        return pairs_from_lines(options["hypotheses"], options["references"], language)
    if options["hypotheses"].suffix != ".jsonl":
        raise BadInput("Give a file of references too, or outputs and references in one .jsonl")
    return pairs_from_jsonl(options["hypotheses"], language)


def _json(path: Path | None) -> Any:
    return json.loads(path.read_text(encoding="utf-8")) if path else {}


def _scored(folder: Path) -> list[dict[str, Any]]:
    """In a child, as the service does: nothing under Django imports torch."""
    command = [sys.executable, "-m", "evaluation.metrics", str(folder)]
    done = subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(_fault(folder, done.stderr), returncode=2 if done.returncode == 2 else 1)
    scores: list[dict[str, Any]] = json.loads((folder / "result.json").read_text(encoding="utf-8"))["scores"]
    return scores


def _fault(folder: Path, stderr: str) -> str:
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text(encoding="utf-8").splitlines()]
    faults = [event["message"] for event in events if event["type"] == "error"]
    return "; ".join(faults) or stderr


def _document(scores: list[dict[str, Any]], options: dict[str, Any]) -> dict[str, Any]:
    left_out = {"metric"} if options["items"] else {"metric", "items", "columns"}
    return {
        "language": options["lang"],
        "scores": {
            score["metric"]: {key: value for key, value in score.items() if key not in left_out} for score in scores
        },
    }


def _show(console: Console, scores: list[dict[str, Any]]) -> None:
    table = Table("metric", "value", "95% interval", "n", "remarks", box=None)
    for score in scores:
        remarks = {**score["flags"], **{f"out: {reason}": count for reason, count in score["reasons"].items()}}
        table.add_row(
            score["metric"],
            "not computed" if score["value"] is None else f"{score['value']:.4f}",
            "" if score["low"] is None else f"{score['low']:.4f} to {score['high']:.4f}",
            str(score["n"]),
            score["reason"] or ", ".join(f"{name} {count}" for name, count in remarks.items()),
        )
    console.print(table)
    for score in scores:
        console.print(score["signature"], markup=False, highlight=False, soft_wrap=True)
