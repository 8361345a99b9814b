import ipaddress
import os
import re
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from evaluation.chat_api import Server
from evaluation.models import Endpoint
from sftlab.accounts.models import User
from sftlab.audit.services import record
from sftlab.errors import BadInput, FieldError, Unavailable
from sftlab.sealing import seal, unseal
from training.models import LanguageModel
from training.services.models import register_model

VARIABLE = re.compile(r"SFTLAB_KEY_[A-Z0-9_]{1,80}")
"""Only such variables: an endpoint must not be able to carry other secrets of the service away."""


@transaction.atomic
def create_endpoint(
    *,
    actor: User,
    name: str,
    base_url: str,
    remote_name: str,
    key: str = "",
    key_variable: str = "",
    concurrency: int = 4,
) -> Endpoint:
    """`name` is the model's here: one that is registered as living elsewhere, or a new one. The key is kept encrypted.

    Raises BadInput with every fault.
    """
    faults = [*_address_faults(base_url, has_key=bool(key or key_variable)), *_key_faults(key, key_variable)]
    model = LanguageModel.objects.filter(name=name).first()
    if model is not None and (model.path or model.hub_id):
        faults.append({"field": "name", "reason": _("This model's weights are here: it needs no endpoint.")})
    elif model is not None and Endpoint.objects.filter(model=model).exists():
        faults.append({"field": "name", "reason": _("This model has an endpoint already.")})
    if faults:
        raise BadInput(_("This endpoint can't be saved."), errors=faults)
    made = Endpoint.objects.create(
        model=model or register_model(actor=actor, name=name),
        base_url=base_url.rstrip("/"),
        remote_name=remote_name,
        sealed_key=seal(key) if key else "",
        key_variable=key_variable,
        concurrency=concurrency,
        created_by=actor,
    )
    record(actor=actor, verb="endpoint.create", obj=made, data=_told(made))
    return made


@transaction.atomic
def change_endpoint(*, actor: User, endpoint: Endpoint, **fields: Any) -> Endpoint:
    """With another address a stored key is forgotten unless a new one comes with it: it was given for the old one."""
    key, variable = fields.pop("key", ""), fields.pop("key_variable", None)
    moved = fields.get("base_url", endpoint.base_url).rstrip("/") != endpoint.base_url
    for name, value in fields.items():
        setattr(endpoint, name, value)
    endpoint.base_url = endpoint.base_url.rstrip("/")
    if key or variable is not None or moved:
        endpoint.sealed_key = seal(key) if key else ""
    if variable is not None or key:
        endpoint.key_variable = variable or ""
    has_key = bool(endpoint.sealed_key or endpoint.key_variable)
    faults = [*_address_faults(endpoint.base_url, has_key=has_key), *_key_faults(key, endpoint.key_variable)]
    if faults:
        raise BadInput(_("This endpoint can't be saved."), errors=faults)
    endpoint.save()
    record(actor=actor, verb="endpoint.change", obj=endpoint, data=_told(endpoint) | {"new_key": bool(key)})
    return endpoint


@transaction.atomic
def remove_endpoint(*, actor: User, endpoint: Endpoint) -> None:
    """The model and what it has answered stay."""
    record(actor=actor, verb="endpoint.remove", obj=endpoint, data=_told(endpoint))
    endpoint.delete()


def server_of(endpoint: Endpoint) -> Server:
    """With its key. Raises Unavailable when the key can't be had."""
    key = unseal(endpoint.sealed_key) if endpoint.sealed_key else ""
    if endpoint.key_variable:
        key = os.environ.get(endpoint.key_variable, "")
        if not key:
            reason = _("The environment variable %(name)s is not set where the worker runs.")
            raise Unavailable(reason % {"name": endpoint.key_variable}, code="no_key")
    return Server(endpoint.base_url, endpoint.remote_name, key)


def _told(endpoint: Endpoint) -> dict[str, Any]:
    return {"model": str(endpoint.model.uuid), "base_url": endpoint.base_url, "remote_name": endpoint.remote_name}


def _key_faults(key: str, variable: str) -> list[FieldError]:
    faults: list[FieldError] = []
    if key and variable:
        faults.append({"field": "key", "reason": _("Give a key or the name of a variable, not both.")})
    if key and not (key.isascii() and key.isprintable() and " " not in key):
        faults.append({"field": "key", "reason": _("A key has no blanks and only ASCII characters.")})
    if variable and not VARIABLE.fullmatch(variable):
        faults.append({"field": "key_variable", "reason": _("must start with SFTLAB_KEY_, in capitals")})
    return faults


def _address_faults(base_url: str, *, has_key: bool) -> list[FieldError]:
    try:
        parts = urlsplit(base_url)
        host, _port = parts.hostname or "", parts.port
    except ValueError:
        return [{"field": "base_url", "reason": _("is not an address")}]
    if parts.scheme not in ("http", "https") or not host:
        return [{"field": "base_url", "reason": _("must start with http:// or https://")}]
    if parts.username or parts.password or parts.query or parts.fragment:
        return [{"field": "base_url", "reason": _("must be an address alone, without a key, query or fragment")}]
    if _is_link_local(host):
        return [{"field": "base_url", "reason": _("must not be a link-local address")}]
    if has_key and parts.scheme == "http" and not _is_near(host):
        return [{"field": "base_url", "reason": _("must be https:// where a key is sent: it could be read on the way")}]
    return []


def _is_near(host: str) -> bool:
    """This machine or its own network."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal"))


def _is_link_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_link_local
    except ValueError:
        return False
