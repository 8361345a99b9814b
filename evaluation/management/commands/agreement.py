import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.table import Table

from sftlab.stats.agreement import RESAMPLES, Coefficient, agreement
from sftlab.stats.ratings import Level, Ratings
from sftlab.stats.reading import read_coefficient
from sftlab.stats.tables import TableError, read_ratings


class Command(BaseCommand):
    help = (
        "How far raters agree: every coefficient of a CSV file with the columns unit, rater, value. Needs no database."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("ratings", type=Path, help="CSV with the columns unit,rater,value; others are ignored")
        parser.add_argument(
            "--level", required=True, choices=[level.value for level in Level], help="what the values are"
        )
        parser.add_argument(
            "--resamples", type=int, default=RESAMPLES, help="bootstrap resamples of units (%(default)s)"
        )
        parser.add_argument("--seed", type=int, default=0, help="of the bootstrap (%(default)s)")
        parser.add_argument(
            "--resample-raters", action="store_true", help="let the intervals cover other raters too (ten or more)"
        )
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        level = Level(options["level"])
        try:
            ratings = read_ratings(options["ratings"], level=level)
        except TableError as error:
            raise CommandError(str(error), returncode=2) from error
        found = agreement(
            ratings,
            level=level,
            resamples=options["resamples"],
            seed=options["seed"],
            resample_raters=options["resample_raters"],
        )
        if options["json"]:
            self.stdout.write(json.dumps(_document(ratings, found, options), ensure_ascii=False, indent=2))
        else:
            console = Console()
            with console.capture() as shown:
                _show(console, ratings, found, options)
            self.stdout.write(shown.get(), ending="")


def _document(ratings: Ratings, found: dict[str, Coefficient], options: dict[str, Any]) -> dict[str, Any]:
    return {
        "coefficients": {name: _fields(name, coefficient) for name, coefficient in found.items()},
        "level": options["level"],
        "units": ratings.units,
        "raters": ratings.raters,
        "ratings": int(ratings.present.sum()),
        "resamples": options["resamples"],
        "seed": options["seed"],
        "confidence": 0.95,
    }


def _fields(name: str, coefficient: Coefficient) -> dict[str, Any]:
    return {
        "value": coefficient.value,
        "low": coefficient.low,
        "high": coefficient.high,
        "n": coefficient.n,
        "left_out": coefficient.left_out,
        "standard_error": coefficient.standard_error,
        "resampled": coefficient.resampled,
        "reading": str(read_coefficient(name, coefficient)),
        "reason": None if coefficient.reason is None else str(coefficient.reason),
    }


def _show(console: Console, ratings: Ratings, found: dict[str, Coefficient], options: dict[str, Any]) -> None:
    over_raters = any(coefficient.resampled != "units" for coefficient in found.values())
    sampled = "units, and of raters where coefficients compare pairs" if over_raters else "units, these raters fixed"
    table = Table(
        title=f"{options['ratings']}: {ratings.units} units, {ratings.raters} raters, level {options['level']}",
        caption=f"95% intervals: {options['resamples']} resamples of {sampled}; seed {options['seed']}",
    )
    table.add_column("coefficient", no_wrap=True)
    for name in ("value", "low", "high", "units", "left out", "note"):
        table.add_column(name, justify="right", no_wrap=True)
    notes: dict[str, int] = {}
    for name, coefficient in found.items():
        numbers = [_number(value) for value in (coefficient.value, coefficient.low, coefficient.high)]
        note = str(coefficient.reason or read_coefficient(name, coefficient))
        number = notes.setdefault(note, len(notes) + 1)
        table.add_row(name, *numbers, str(coefficient.n), str(coefficient.left_out), str(number))
    console.print(table)
    for note, number in notes.items():
        console.print(f"{number}  {note}", markup=False, highlight=False)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
