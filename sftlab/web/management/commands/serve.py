import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connection


class Command(BaseCommand):
    help = "Serve the pages and the API."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=os.environ.get("SFTLAB_BIND", "127.0.0.1"))
        parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", "8000")))
        parser.add_argument("--workers", type=int, default=int(os.environ.get("SFTLAB_WORKERS", "2")))

    def handle(self, *, host: str, port: int, workers: int, **options: Any) -> None:
        from granian import Granian
        from granian.constants import Interfaces
        from granian.log import LogLevels

        if host not in settings.LOOPBACK and settings.IS_LOCAL:
            raise CommandError(f"To serve on {host}, name the hosts it is reached by in SFTLAB_HOSTS.", returncode=2)
        connection.ensure_connection()
        connection.close_pool()  # type: ignore[attr-defined]  # PostgreSQL's wrapper has one; the workers open their own
        self.stdout.write(f"SFTLab serves on http://{host}:{port}")
        Granian(
            "sftlab.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            workers=workers,
            blocking_threads=8,
            backlog=1024,
            respawn_failed_workers=True,
            respawn_interval=1,
            workers_kill_timeout=10,
            log_level=LogLevels.warning,
        ).serve()
