import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from sftlab.stats.ranking import Estimate, Method, Ranking, rank
from sftlab.stats.tables import TableError, read_votes


class Command(BaseCommand):
    help = "Ranks systems from blind votes in a CSV file with the columns left, right, choice. Needs no database."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "votes", type=Path, help="CSV with left,right,choice and, if known, unit and rater; others are ignored"
        )
        parser.add_argument(
            "--method",
            type=Method,
            choices=list(Method),
            default=Method.SANDWICH,
            help="of the intervals (%(default)s)",
        )
        parser.add_argument("--no-order-effect", action="store_true", help="leave the first-position term out")
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap and the rank sets (%(default)s)")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            votes = read_votes(options["votes"])
        except TableError as error:
            raise CommandError(str(error), returncode=2) from error
        ranking = rank(
            votes, method=Method(options["method"]), order_effect=not options["no_order_effect"], seed=options["seed"]
        )
        if options["json"]:
            self.stdout.write(json.dumps(_document(ranking), ensure_ascii=False, indent=2))
        else:
            console = Console()
            with console.capture() as shown:
                _show(console, options["votes"], ranking)
            self.stdout.write(shown.get(), ending="")


def _document(ranking: Ranking) -> dict[str, Any]:
    """`tie` and `first_position` are null where the votes leave them open; `notes` says why."""
    return {
        "systems": [
            {
                "name": system.name,
                "strength": system.strength,
                "low": system.low,
                "high": system.high,
                "ranks": list(system.ranks),
                "votes": system.votes,
            }
            for system in ranking.systems
        ],
        "tie": ranking.tie.value,
        "first_position": ranking.first_position.value,
        "determined": ranking.determined,
        "reason": None if ranking.reason is None else str(ranking.reason),
        "intervals": {
            "tie": [ranking.tie.low, ranking.tie.high],
            "first_position": [ranking.first_position.low, ranking.first_position.high],
        },
        "notes": _notes(ranking),
        "votes": ranking.votes,
        "ties": ranking.ties,
        "both_bad": ranking.both_bad,
        "method": str(ranking.made.method),
        "confidence": ranking.made.confidence,
        "resamples": ranking.made.resamples,
        "seed": ranking.made.seed,
    }


def _notes(ranking: Ranking) -> list[str]:
    """Why a part is missing where the ranking as a whole is determined."""
    if not ranking.determined:
        return []
    reasons = [ranking.tie.reason, ranking.first_position.reason, ranking.interval_reason]
    return [str(reason) for reason in reasons if reason is not None]


def _show(console: Console, path: Path, ranking: Ranking) -> None:
    table = Table(
        title=f"{path}: {ranking.votes} votes, {ranking.ties} ties ({ranking.both_bad} both bad)",
        caption=f"log strength, mean 0; 95% intervals: {ranking.made.method}; ranks hold together for all systems",
    )
    table.add_column("system")
    for name in ("strength", "low", "high", "rank", "votes"):
        table.add_column(name, justify="right", no_wrap=True)
    for system in ranking.systems:
        numbers = [_number(value) for value in (system.strength, system.low, system.high)]
        best, worst = system.ranks
        ranks = str(best) if best == worst else f"{best}–{worst}"
        table.add_row(system.name, *numbers, ranks, str(system.votes))
    console.print(table)
    if ranking.reason is not None:
        console.print(f"Undetermined: {ranking.reason}", markup=False)
        return
    console.print(f"tie {_estimate(ranking.tie)}; first position {_estimate(ranking.first_position)}", markup=False)
    for note in _notes(ranking):
        console.print(note, markup=False)


def _estimate(estimate: Estimate) -> str:
    if estimate.low is None or estimate.high is None:
        return _number(estimate.value)
    return f"{_number(estimate.value)} ({estimate.low:.3f} to {estimate.high:.3f})"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
