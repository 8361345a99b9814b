import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from evaluation.conformance.cases import Result, run


class Command(BaseCommand):
    help = (
        "Derive the published numbers of agreement, ranking and text metrics on this installation. Needs no database."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")

    def handle(self, *, json: bool, **options: Any) -> None:
        results = run()
        self.stdout.write(_as_json(results) if json else _as_table(results))
        if not all(result.passed for result in results):
            sys.exit(1)


def _as_json(results: list[Result]) -> str:
    passed = all(result.passed for result in results)
    return json.dumps({"passed": passed, "results": [result.as_json() for result in results]}, ensure_ascii=False)


def _as_table(results: list[Result]) -> str:
    lines = [_line(one) for one in results]
    return "\n".join(
        ["      published      found  difference", *lines, f"{sum(one.passed for one in results)} of {len(results)}"]
    )


def _line(one: Result) -> str:
    word = "pass" if one.passed else "FAIL"
    numbers = f"{one.expected:>9.4f}  {_number(one.found):>9}  {_number(one.difference):>10}"
    return f"{word}  {numbers}  {one.name} ({one.source}) {one.error}".rstrip()


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"
