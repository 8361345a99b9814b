import contextlib
import fcntl
import os
import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console

from evaluation.demo import loop, people, report
from evaluation.demo.processes import service
from sftlab.client import ApiError
from sftlab.errors import SFTLabError


class Command(BaseCommand):
    help = "Play the whole loop on the project's own data with a real model, then serve."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-serve", action="store_true", help="stop after the table")
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--model", default="", help="folder of another base model (the tests use a tiny one)")

        parser.add_argument("--metrics", default=",".join(loop.METRICS), help="names with commas between them")

    def handle(self, *, no_serve: bool, port: int, model: str, metrics: str, **options: Any) -> None:
        if not settings.IS_LOCAL:
            raise CommandError("The demo has known passwords: unset SFTLAB_HOSTS to play it.", returncode=2)
        signal.signal(signal.SIGTERM, _as_interrupt)
        console = Console(highlight=False)
        try:
            with _only_one(), service(port):
                self._play(console, f"http://127.0.0.1:{port}", model, metrics.split(","))
                if not no_serve:
                    console.print(f"\nServing on [bold]http://127.0.0.1:{port}[/bold]; Ctrl-C stops it.")
                    signal.pause()
        except (ApiError, SFTLabError, TimeoutError, httpx.TransportError) as error:
            log = settings.VAR_DIR / "log"
            raise CommandError(f"The demo stopped: {error}. Logs: {log}. `make demo` goes on from here.") from error
        except KeyboardInterrupt:
            console.print("Stopped. `make demo` goes on from here.")
            if no_serve:
                raise CommandError("Interrupted.", returncode=130) from None

    def _play(self, console: Console, url: str, model: str, metrics: list[str]) -> None:
        seconds: dict[str, float] = {}
        console.print(f"{people.ensure_people()} new demo accounts")
        with console.status("Starting") as line:
            played = loop.Loop(url=url, say=line.update, model_path=model, metrics=metrics)
            for number, (title, step) in enumerate(loop.STEPS, start=1):
                line.update(title)
                start = time.monotonic()
                words = step(played)
                seconds[title] = round(time.monotonic() - start, 2)
                console.print(f"{number}/{len(loop.STEPS)} {title}: {words} [dim]({seconds[title]:.1f} s)[/dim]")
        board = played.found["board"]
        console.print(report.leaderboard_table(board))
        report.print_people(console, url)
        report.write_summary(settings.VAR_DIR / "demo.json", board=board, run=played.found["run"], seconds=seconds)


def _as_interrupt(*_: Any) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _only_one() -> Iterator[None]:
    with (settings.VAR_DIR / "demo.lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError("A demo already runs here.", returncode=2) from None
        yield
