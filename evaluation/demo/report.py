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
    table = Table(title=f"Leaderboard, snapshot {board['snapshot']}", caption="Made by scripts, not by people: a demo.")
    names = list(dict.fromkeys(name for row in board["rows"] for name in row["metrics"]))
    for heading in ("Rank", "Model", "Strength", *names):
        table.add_column(heading, justify="left" if heading == "Model" else "right")
    for row in board["rows"]:
        rank = "–".join(str(edge) for edge in sorted(set(row["rank"]))) if row["rank"] else "–"
        metrics = [_interval(row["metrics"].get(name)) for name in names]
        table.add_row(rank, row["model"]["name"], _interval(row["strength"]), *metrics)
    return table


def _interval(score: Any) -> str:
    if not score or score.get("value") is None:
        return "–"
    if score.get("low") is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} [dim]{score['low']:.3f} to {score['high']:.3f}[/dim]"


def print_people(console: Console, url: str) -> None:
    table = Table(title=f"Log in at {url}", caption=f"Password of each: {people.PASSWORD} (works on this machine only)")
    table.add_column("Name")
    table.add_column("May")
    for person in [people.ADMIN, *people.VISITORS]:
        table.add_row(person.name, person.role)
    console.print(table)


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
