"""Telling other programs of a new snapshot: signed, at least once, again with growing pauses until they take it."""

import hashlib
import hmac
import ipaddress
import json
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from evaluation import jobs
from evaluation.models import Delivery, Leaderboard, Webhook
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, Missing

ATTEMPTS = 8
FIRST_PAUSE = timedelta(seconds=10)
TIMEOUT = 10.0


@transaction.atomic
def add_webhook(*, actor: User, leaderboard: Leaderboard, url: str) -> Webhook:
    """Its secret is shown in this answer only."""
    _check_address(url)
    made = Webhook.objects.create(leaderboard=leaderboard, url=url, secret=secrets.token_urlsafe(32), created_by=actor)
    record(actor=actor, verb="webhook.create", obj=made, data={"leaderboard": leaderboard.slug, "url": url})
    return made


@transaction.atomic
def remove_webhook(*, actor: User, leaderboard: Leaderboard, webhook: UUID) -> None:
    found = leaderboard.webhooks.filter(uuid=webhook, active=True).first()
    if found is None:
        raise Missing(_("There is no such webhook."))
    found.active = False
    found.save(update_fields=["active"])
    record(actor=actor, verb="webhook.remove", obj=found)


def deliver(*, delivery: Delivery) -> None:
    """One try. On a failure the next one is queued, with twice the pause, up to ATTEMPTS."""
    if delivery.delivered_at or delivery.gave_up_at or not delivery.webhook.active:
        return
    answer, taken = _send(delivery)
    with transaction.atomic():
        delivery.attempts += 1
        delivery.answer = answer[:300]
        if taken:
            delivery.delivered_at = timezone.now()
        elif delivery.attempts >= ATTEMPTS:
            delivery.gave_up_at = timezone.now()
        delivery.save(update_fields=["attempts", "answer", "delivered_at", "gave_up_at"])
        if not taken and delivery.attempts < ATTEMPTS:
            jobs.deliver(delivery, after=FIRST_PAUSE * 2 ** (delivery.attempts - 1))


def _send(delivery: Delivery) -> tuple[str, bool]:
    body = message(delivery)
    now = int(time.time())
    headers = {
        "Content-Type": "application/json",
        "X-SFTLab-Event": "leaderboard.published",
        "X-SFTLab-Delivery": str(delivery.uuid),
        "X-SFTLab-Signature": f"t={now},v1={signature(delivery.webhook.secret, now, body)}",
    }
    try:
        with _request(delivery.webhook.url, body, headers) as response:
            return str(response.status_code), response.is_success
    except (httpx.HTTPError, BadInput) as error:
        return f"{type(error).__name__}: {error}", False


@contextmanager
def _request(url: str, body: bytes, headers: dict[str, str]) -> Iterator[httpx.Response]:
    """To the address that was checked, whatever the name leads to by now. The answer's body is not read."""
    wanted = httpx.URL(url)
    checked = _check_address(url)
    named = {"Host": wanted.netloc.decode("ascii"), **headers}
    extensions = {"sni_hostname": wanted.host} if checked else {}
    target = wanted.copy_with(host=checked) if checked else wanted
    with (
        httpx.Client(timeout=TIMEOUT, trust_env=False) as client,
        client.stream("POST", target, content=body, headers=named, extensions=extensions) as response,
    ):
        yield response


def message(delivery: Delivery) -> bytes:
    snapshot = delivery.snapshot
    slug = snapshot.leaderboard.slug
    told = {
        "event": "leaderboard.published",
        "delivery": str(delivery.uuid),
        "leaderboard": slug,
        "snapshot": snapshot.number,
        "sha256": snapshot.sha256,
        "created_at": snapshot.created_at.isoformat(),
        "path": f"/api/v1/leaderboards/{slug}/?snapshot={snapshot.number}",
    }
    return json.dumps(told, ensure_ascii=False).encode()


def signature(secret: str, moment: int, body: bytes) -> str:
    """HMAC-SHA256 of `moment.body`; the receiver computes the same and refuses old moments."""
    return hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


def _check_address(url: str) -> str | None:
    """Only http(s), and, where the service can be reached from elsewhere, nothing inside its own network: then the
    address to call."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise _refused(_("must start with http:// or https://"))
    if settings.IS_LOCAL:
        return None
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        raise _refused(_("There is no host of this name.")) from error
    addresses = [str(address[4][0]) for address in found]
    if not all(_is_outside(address) for address in addresses):
        raise _refused(_("must not lie inside this service's own network"))
    return addresses[0]


def _is_outside(text: str) -> bool:
    address = ipaddress.ip_address(text)
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_global and not mapped.is_multicast


def _refused(reason: str) -> BadInput:
    return BadInput(_("This address can't be used."), errors=[{"field": "url", "reason": reason}])
