import asyncio
import contextlib
import logging
import signal
from argparse import ArgumentParser
from typing import Any

from asgiref.sync import sync_to_async
from django.core.management.base import BaseCommand
from django.db import connection
from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector

from sftlab.process import die_with_parent
from training.recovery import recover
from training.services import devices
from training.supervisor import OUTAGES, STOPPING

log = logging.getLogger(__name__)
SWEEP_SECONDS = 5
PAUSE_SECONDS = 2


class Command(BaseCommand):
    help = "Work on the queues until told to stop; what runs then is checkpointed and handed back."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--queues", default="cpu,gpu", help="names with commas between them")
        parser.add_argument("--concurrency", type=int, default=2, help="jobs at once in each queue but gpu")
        parser.add_argument("--die-with-parent", action="store_true", help="stop when the process that started it dies")

    def handle(self, *, queues: str, concurrency: int, die_with_parent: bool, **options: Any) -> None:
        if die_with_parent:
            _follow_parent()
        connection.ensure_connection()
        at_once = {name: concurrency for name in queues.split(",") if name}
        if "gpu" in at_once:
            at_once["gpu"] = devices.here().count()
        self.stdout.write(f"worker on {', '.join(at_once)}; Ctrl-C stops it")
        STOPPING.clear()
        asyncio.run(_work(at_once))
        self.stdout.write("worker stopped")


def _follow_parent() -> None:
    die_with_parent(signal.SIGTERM)


async def _work(at_once: dict[str, int]) -> None:
    """One worker a queue: a training that fills its queue holds no other up."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, _ask_to_stop, stop)
    async with asyncio.TaskGroup() as group:
        for queue, concurrency in at_once.items():
            group.create_task(_queue(queue, concurrency, stop))
        group.create_task(_sweep(stop))


def _ask_to_stop(stop: asyncio.Event) -> None:
    STOPPING.set()
    stop.set()


async def _queue(queue: str, concurrency: int, stop: asyncio.Event) -> None:
    """A worker that loses the database ends; another is started until we are asked to stop."""
    while not stop.is_set():
        running = asyncio.create_task(_one_worker(queue, concurrency))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        running.cancel()
        stopping.cancel()
        try:
            await running
        except asyncio.CancelledError:
            pass
        except Exception as error:
            log.warning("the worker on %s ended: %s", queue, error)
        await _pause(stop, PAUSE_SECONDS)


async def _one_worker(queue: str, concurrency: int) -> None:
    connector = app.connector
    assert isinstance(connector, DjangoConnector)
    own: App = app.with_connector(await sync_to_async(connector.get_worker_connector)())
    async with own.open_async():
        await own.run_worker_async(
            queues=[queue],
            name=queue,
            concurrency=concurrency,
            install_signal_handlers=False,
            update_heartbeat_interval=5.0,
            fetch_job_polling_interval=2.0,
        )


async def _sweep(stop: asyncio.Event) -> None:
    while not stop.is_set():
        await sync_to_async(_recover, thread_sensitive=False)()
        await _pause(stop, SWEEP_SECONDS)


def _recover() -> None:
    """A failing look is no reason to stop the work itself: the next one comes soon."""
    try:
        recover()
    except OUTAGES as error:
        log.warning("the database is away: %s", error)
    except Exception:
        log.exception("looking for what dead workers left")
    finally:
        connection.close()


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
