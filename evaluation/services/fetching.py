"""A system's outputs, fetched from its model's endpoint; what is there is never asked for again."""

import asyncio
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from django.db import transaction
from django.utils.translation import gettext as _

from evaluation.chat_api import TIMEOUT, Busy, Refused, Reply, Server, ask, request_body
from evaluation.models import EvalItem, Output, System
from evaluation.services.endpoints import server_of
from evaluation.services.evaluations import settle
from evaluation.services.generation import start_system
from evaluation.services.outputs import LONGEST, Written, save_outputs
from sftlab.errors import Unavailable
from training.execution import through_outages
from training.retries import HandedBack, TryAgain
from training.supervisor import STOPPING

TRIES = 6
FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
LONGEST_WAIT = 120.0
"""A server that asks for more time than this gets it from the queue, so that the worker is free meanwhile."""
LOOK_EVERY = 0.5

Ending = Literal["done", "failed", "later", "stopped", "cancelled", "lost"]


@dataclass(frozen=True)
class Outcome:
    ending: Ending
    message: str = ""
    seconds: int = 0
    """Until the next try, for "later"."""


class Later(Exception):
    def __init__(self, seconds: float, message: str) -> None:
        super().__init__(message)
        self.seconds = seconds


def fetch(*, system: System) -> None:
    """Ask for every output that is not there, some at once, again with growing pauses while the server is busy.

    Runs at least once: a second run goes on where the first one stopped. Raises TryAgain when the worker stops or the
    server asked for more time.
    """
    if not start_system(system):
        return
    outcome = _fetch(system)
    through_outages(lambda: _finish(system, outcome))
    if outcome.ending == "stopped":
        raise HandedBack
    if outcome.ending == "later":
        raise TryAgain(outcome.seconds)


def _fetch(system: System) -> Outcome:
    endpoint = getattr(system.model, "endpoint", None)
    if endpoint is None:
        return Outcome("failed", _("This model has no endpoint any more."))
    try:
        server = server_of(endpoint)
    except Unavailable as error:
        return Outcome("failed", str(error.message))
    there = Output.objects.filter(system=system).values("item")
    missing = list(system.evaluation.evalset.items.exclude(pk__in=there))
    return _Watch(system, _Asking(server, missing, system, endpoint.concurrency)).run()


class _Asking(threading.Thread):
    """The requests, in a thread with a loop of its own, which knows no database; answers are put into `answers`."""

    def __init__(self, server: Server, items: Sequence[EvalItem], system: System, concurrency: int) -> None:
        super().__init__(daemon=True)
        self.server, self.concurrency = server, concurrency
        self.decoding, self.seed = system.evaluation.decoding, system.evaluation.seed
        self.left: Iterator[EvalItem] = iter(items)
        self.answers: queue.SimpleQueue[tuple[str, Reply]] = queue.SimpleQueue()
        self.error: Exception | None = None
        self.not_before = 0.0
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Task[None] | None = None

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._task = self._loop.create_task(self._all())
        try:
            self._loop.run_until_complete(self._task)
        except asyncio.CancelledError:
            pass
        except ExceptionGroup as group:  # whatever it is, the job tells of it
            self.error = group.exceptions[0]
        finally:
            self._loop.close()

    def end(self) -> None:
        """Requests under way are dropped."""
        if self.is_alive() and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self.join()

    async def _all(self) -> None:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT, follow_redirects=False, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            for _number in range(self.concurrency):
                group.create_task(self._some(client))

    async def _some(self, client: httpx.AsyncClient) -> None:
        for item in self.left:
            body = request_body(self.server, item.turns, self.decoding, self.seed)
            self.answers.put((item.key, await self._ask(client, body)))

    async def _ask(self, client: httpx.AsyncClient, body: dict[str, Any]) -> Reply:
        for pause in _pauses():
            await asyncio.sleep(max(0.0, self.not_before - time.monotonic()))
            try:
                reply = await ask(client, self.server, body)
            except Busy as busy:
                if pause is None:
                    raise
                wait = max(pause, busy.after or 0.0)
                if wait > LONGEST_WAIT:
                    raise Later(wait, str(busy)) from busy
                if busy.after is not None:
                    self.not_before = max(self.not_before, time.monotonic() + wait)
                else:
                    await asyncio.sleep(wait)
            else:
                if len(reply.text) > LONGEST:
                    raise Refused(f"An answer has more than {LONGEST} characters.")
                return reply
        raise AssertionError  # the last pause is None


def _pauses() -> Iterator[float | None]:
    """Twice as long each time, spread so that requests that failed together do not come back together."""
    for tried in range(TRIES - 1):
        yield min(LONGEST_PAUSE, FIRST_PAUSE * 2**tried) * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
    yield None


@dataclass
class _Watch:
    """Saves what comes in, and looks whether somebody wants it to end."""

    system: System
    asking: _Asking
    began: float = field(default_factory=time.monotonic)
    models: set[str] = field(default_factory=set)
    fingerprints: set[str] = field(default_factory=set)
    tokens: int = 0

    def run(self) -> Outcome:
        self.asking.start()
        try:
            while self.asking.is_alive():
                self.asking.join(LOOK_EVERY)
                self._save()
                if ending := self._wish():
                    return Outcome(ending)
        finally:
            self.asking.end()
            self._save()
        error = self.asking.error
        if isinstance(error, Later):
            message = _("The server asked to wait %(seconds)d seconds: %(said)s")
            return Outcome("later", message % {"seconds": error.seconds, "said": error}, max(1, round(error.seconds)))
        return Outcome("failed", str(error) or type(error).__name__) if error else Outcome("done")

    def _wish(self) -> Ending | None:
        if STOPPING.is_set():
            return "stopped"
        found = System.objects.filter(pk=self.system.pk).values_list("status", "fence").first()
        if found is None or found[1] != self.system.fence:
            return "lost"
        return "cancelled" if found[0] == System.Status.CANCELLED else None

    def _save(self) -> None:
        written = list(self._written())
        if written:
            through_outages(lambda: self._write(written))

    @transaction.atomic
    def _write(self, written: list[Written]) -> None:
        """Nothing once another run has taken over: it asks for the same items."""
        if System.objects.select_for_update().get(pk=self.system.pk).fence != self.system.fence:
            return
        save_outputs(self.system, written)
        elapsed = time.monotonic() - self.began
        System.objects.filter(pk=self.system.pk).update(
            seconds=(self.system.seconds or 0.0) + elapsed,
            tokens_per_s=self.tokens / max(elapsed, 1e-3),
            versions={
                "endpoint": self.asking.server.base_url,
                "asked": self.asking.server.model,
                "answered": sorted(self.models),
                "fingerprints": sorted(self.fingerprints),
            },
        )

    def _written(self) -> Iterator[Written]:
        while not self.asking.answers.empty():
            key, reply = self.asking.answers.get()
            self.models |= {reply.model} - {""}
            self.fingerprints |= {reply.fingerprint} - {""}
            self.tokens += reply.tokens or 0
            yield Written(key, reply.text, reply.finish, reply.tokens)


@transaction.atomic
def _finish(system: System, outcome: Outcome) -> None:
    system.refresh_from_db()
    if outcome.ending in ("lost", "cancelled") or system.status != System.Status.RUNNING:
        return
    if outcome.ending in ("later", "stopped"):
        system.transition(System.Status.QUEUED, error=outcome.message)
        return
    if outcome.ending == "done" and system.done == system.evaluation.evalset.size:
        system.transition(System.Status.DONE, error="")
    else:
        system.transition(System.Status.FAILED, error=outcome.message or _("Some answers are missing."))
    settle(system.evaluation)
