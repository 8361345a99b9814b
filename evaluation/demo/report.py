"""What the demo shows and leaves behind: the steps, the table, who can log in, var/demo.json."""

import json
import os
import resource
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from evaluation.demo import people
from evaluation.demo.fixtures import Json


def leaderboard_table(board: Json) -> Table:
    """A column for each model, the best first: it fits a narrow terminal."""
    table = Table(
        title=f"Leaderboard, snapshot {board['snapshot']}", caption="Votes by scripts, not by people: a demo."
    )
    table.add_column("")
    for row in board["rows"]:
        table.add_column(row["model"]["name"], justify="right")
    table.add_row("rank", *(_rank(row["rank"]) for row in board["rows"]))
    table.add_row("strength (log)", *(_interval(row["strength"]) for row in board["rows"]))
    for name in dict.fromkeys(name for row in board["rows"] for name in row["metrics"]):
        table.add_row(name, *(_interval(row["metrics"].get(name)) for row in board["rows"]))
    return table


def _rank(rank: list[int] | None) -> str:
    return "–".join(str(edge) for edge in sorted(set(rank))) if rank else "–"


def _interval(score: Any) -> str:
    if not score or score.get("value") is None:
        return "–"
    if score.get("low") is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [dim]{score['low']:.3f} to {score['high']:.3f}[/dim]"


def print_people(console: Console, url: str) -> None:
    console.print(
        f"\nLog in at [bold]{url}[/bold] (on this machine only), password of each [bold]{people.PASSWORD}[/bold]:"
    )
    for person in [people.ADMIN, *people.VISITORS]:
        console.print(f"  {person.name:6} {person.role}")


def write_summary(path: Path, *, board: Json, run: Json, seconds: dict[str, float]) -> None:
    """Written whole or not at all."""
    result = run["result"]
    summary = {
        "leaderboard": board,
        "seconds": seconds,
        "training_tokens_per_s": result["tokens_per_s"],
        "peak_memory_mb": max(result["peak_rss_mb"], _own_peak_mb()),
        "base_eval_loss": result["base_eval_loss"],
        "eval_loss": result["eval_loss"],
    }
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    os.replace(draft, path)


def _own_peak_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
