"""Everything a rater can get, looked through for whatever tells systems apart."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from evaluation.models import Evaluation, Output, System
from evaluation.models.studies import Answer, Rating, Study
from training.models import LanguageModel

LINKS = re.compile(rb"(?:src|href|data-chart|hx-get)=\"(/[^\"#?]+)")


@dataclass(frozen=True)
class Leak:
    request: str
    where: str
    secret: str


def secrets_of(study: Study) -> list[str]:
    """Names and public ids of models, systems, evaluations and outputs."""
    systems = System.objects.filter(pk__in=study.systems.values("system_id"))
    models = LanguageModel.objects.filter(systems__in=systems)
    ids = [
        *models.values_list("uuid", flat=True),
        *systems.values_list("uuid", flat=True),
        *Evaluation.objects.filter(systems__in=systems).values_list("uuid", flat=True),
        *Output.objects.filter(system__in=systems).values_list("uuid", flat=True),
    ]
    return [*models.values_list("name", flat=True), *map(str, ids), *(one.hex for one in ids)]


def leaks(request: str, response, secrets: Iterable[str]) -> Iterator[Leak]:
    """In the body and in every header. What the rater wrote into the address themselves tells them nothing new."""
    body = b"".join(response.streaming_content) if response.streaming else response.content
    texts = {"body": body.decode(errors="replace")}
    texts |= {f"header {name}": f"{name}: {value}" for name, value in response.items()}
    for where, text in texts.items():
        for secret in secrets:
            if secret.lower() in text.lower() and secret.lower() not in request.lower():
                yield Leak(request, where, secret)


def walk(client: Client, study: Study, rater, *, paths: Iterable[str] | None = None) -> list[Leak]:
    """`paths`: the addresses to look at besides the rater's own work; all there are if None."""
    secrets = secrets_of(study)
    found: list[Leak] = []
    statics: set[str] = set()

    def look(method: str, path: str, **arguments):
        response = getattr(client, method)(path, **arguments)
        assert response.status_code < 500, path
        found.extend(leaks(f"{method} {path}", response, secrets))
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            statics.update(link.decode() for link in LINKS.findall(response.content) if b"/static/" in link)
        return response

    _rate(look, study, rater)
    for path in addresses(study) if paths is None else paths:
        look("get", path)
    for path in sorted(statics):
        look("get", path)
    return found


def _rate(look, study: Study, rater) -> None:
    """Every verb of a rater, in its good and its bad forms, over the API and the page."""
    api, page = f"/api/v1/studies/{study.uuid}/", reverse("evaluation:rate", args=[study.uuid])
    json, fetch = {"content_type": "application/json"}, {"HTTP_X_REQUESTED_WITH": "fetch"}
    for path in (f"{api}claim/", f"{api}close/", f"{api}refresh/", f"{api}members/", "/api/v1/studies/"):
        look("post", path, data="{}", **json)
    look("post", f"{api}claim/", data='{"ahead": true}', **json)
    rating = Rating.objects.filter(person=rater, state="live", ahead=False).get()
    verbs = f"/api/v1/ratings/{rating.uuid}/"
    look("put", f"{verbs}draft/", data='{"choice": "left"}', **json)
    look("post", f"{verbs}heartbeat/")
    for body in ("{}", "[]", "{", '{"choice": "left"}', '{"choice": "left"}', '{"choice": "right"}'):
        look("post", f"{verbs}submit/", data=body, **json)
    look("post", f"{verbs}undo/")
    look("get", page)
    shown = Rating.objects.filter(person=rater, state="live", ahead=False).get()
    fields = {"rating": str(shown.uuid)}
    for action in ({"action": "ahead"}, {"choice": "best"}, {"choice": "tie"}, {"action": "undo"}, {"action": "skip"}):
        look("post", page, data=fields | action, **fetch)
    look("post", page, data={"rating": "none"})
    look("post", f"/api/v1/ratings/{uuid4()}/submit/", data="{}", **json)


def addresses(study: Study) -> Iterator[str]:
    """Every address of the service, with the ids a rater knows and those that a rater should not."""
    output = Answer.objects.filter(study=study, output__isnull=False).first().output
    system = output.system
    ids: dict[str, UUID] = {
        "study": study.uuid,
        "evalset": study.evalset.uuid,
        "evaluation": system.evaluation.uuid,
        "model": system.model.uuid,
        "id": system.model.uuid,
        "rating": Rating.objects.filter(pool=study).first().uuid,
    }
    for route, converters in _routes(get_resolver()):
        path = "/" + route
        for name, kind in converters.items():
            value = str(ids.get(name, uuid4())) if kind == "uuid" else "model"
            path = path.replace(f"<{kind}:{name}>", value)
        yield path
    yield "/api/v1/studies/?page_size=1"


def _routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, dict[str, str]]]:
    for one in resolver.url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from _routes(one, route)
        elif isinstance(one, URLPattern) and "(?" not in route:
            yield route, {name: kind for kind, name in re.findall(r"<(\w+):(\w+)>", route)}
