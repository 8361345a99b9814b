"""A client for the REST interface: `Client.log_in(url, name, password).leaderboard("demo")`.

Every method is one request (`pages` is one per page), raises ApiError for a refusal, and waits and asks again when the
service says that it is asked too often.
"""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Literal, NotRequired, Self, TypedDict
from urllib.parse import urljoin

import httpx

Json = dict[str, Any]
Body = Mapping[str, Any] | Sequence[Any]
PATIENCE = 5


class Interval(TypedDict):
    value: float | None
    low: float | None
    high: float | None
    n: NotRequired[int]
    signature: NotRequired[str]
    reason: NotRequired[str]


class ModelName(TypedDict):
    id: str
    name: str


class Mean(TypedDict):
    mean: float | None
    low: float | None
    high: float | None
    n: int


class Cost(TypedDict):
    parameters: int | None
    tokens: int
    seconds: float | None
    tokens_per_s: float | None


class Row(TypedDict):
    """One model of a leaderboard; the schema at `schema/` says what each field means."""

    model: ModelName
    position: int
    rank: NotRequired[list[int] | None]
    strength: NotRequired[Interval | None]
    likert: NotRequired[dict[str, Mean]]
    votes: NotRequired[int]
    cost: NotRequired[Cost]
    metrics: dict[str, Interval]
    base: str | None
    system: str
    scripted: bool
    flags: list[str]


class Board(TypedDict):
    leaderboard: str
    snapshot: int
    sha256: str
    created_at: str
    language: str | None
    category: str | None
    order: str
    left_out: list[Json]
    columns: list[Json]
    rows: list[Row]


class Judged(TypedDict):
    rule: Json
    verdict: Literal["pass", "fail", "undetermined"]
    evidence: Interval


class Verdict(TypedDict):
    verdict: Literal["pass", "fail", "undetermined"]
    snapshot: int
    rules: list[Judged]


class Past(TypedDict):
    """One model over time, the oldest snapshot first."""

    model: ModelName
    points: list[Json]


class ApiError(Exception):
    """A refusal. `errors` names each field at fault as `{field, reason}`."""

    def __init__(self, status: int, code: str, message: str, errors: Sequence[Mapping[str, str]] = ()) -> None:
        super().__init__("; ".join([f"{status} {code}: {message}", *(f"{e['field']}: {e['reason']}" for e in errors)]))
        self.status = status
        self.code = code
        self.message = message
        self.errors = list(errors)


class Client:
    """`url` is where the service runs, such as http://127.0.0.1:8000."""

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = 60,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Token {token}"} if token else {})
        base = urljoin(url.rstrip("/") + "/", "api/v1/")
        self._http = httpx.Client(base_url=base, headers=headers, timeout=timeout, transport=transport)

    @classmethod
    def log_in(cls, url: str, username: str, password: str, **options: Any) -> Self:
        with cls(url, **options) as nobody:
            token = nobody.post("auth/token/", {"username": username, "password": password})["token"]
        return cls(url, token, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def get(self, path: str, **params: Any) -> Any:
        asked = {name: value for name, value in params.items() if value is not None}
        return self._request("GET", path, params=asked or None)  # empty ones would drop those in the path

    def post(self, path: str, body: Body | None = None, *, headers: Mapping[str, str] | None = None) -> Any:
        """None when the answer has no content."""
        return self._request("POST", path, json={} if body is None else body, headers=headers)

    def put(self, path: str, body: Body) -> Any:
        return self._request("PUT", path, json=body)

    def patch(self, path: str, body: Body) -> Any:
        return self._request("PATCH", path, json=body)

    def delete(self, path: str) -> None:
        self._request("DELETE", path)

    def pages(self, path: str, **params: Any) -> Iterator[Json]:
        """All results of a list, page after page."""
        answer = self.get(path, **params)
        while True:
            yield from answer["results"]
            if not answer["next"]:
                return
            answer = self.get(answer["next"])

    def wait(
        self,
        path: str,
        *,
        until: Sequence[str] = ("done", "failed", "cancelled"),
        seconds: float = 3600,
        every: float = 0.5,
        on_change: Callable[[Json], None] | None = None,
    ) -> Json:
        """Ask until `status` is one of `until`. Raises TimeoutError."""
        end = time.monotonic() + seconds
        seen: Json | None = None
        while time.monotonic() < end:
            found: Json = self.get(path)
            if on_change is not None and found != seen:
                on_change(found)
            if found["status"] in until:
                return found
            seen = found
            time.sleep(every)
        raise TimeoutError(f"{path} is not {' or '.join(until)} after {seconds:g} s")

    def _request(self, method: str, path: str, **options: Any) -> Any:
        response = self._send(method, path, **options)
        if response.is_success:
            is_json = "json" in response.headers.get("content-type", "") and response.content
            return response.json() if is_json else response.text or None
        raise _error(response)

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        for attempt in range(PATIENCE):
            response = self._http.request(method, path.removeprefix("/api/v1/"), **options)
            if response.status_code != httpx.codes.TOO_MANY_REQUESTS or attempt == PATIENCE - 1:
                break
            time.sleep(float(response.headers.get("Retry-After", 1)))
        return response

    # People and work

    def tokens(self) -> list[Json]:
        """One's own, with their last use; not their texts."""
        found: list[Json] = self.get("tokens/")
        return found

    def revoke_token(self, token: str) -> None:
        self.delete(f"tokens/{token}/")

    def create_token(self, name: str, expires_at: str, scope: str = "read") -> Json:
        """The answer's `token` is shown this once."""
        return self._json("tokens/", {"name": name, "scope": scope, "expires_at": expires_at})

    def create_project(self, name: str, **settings: Any) -> Json:
        return self._json("projects/", {"name": name, **settings})

    def add_member(self, project: str, username: str, role: str) -> Json:
        return self._json(f"projects/{project}/members/", {"username": username, "role": role})

    def add_items(self, project: str, rows: Sequence[Mapping[str, Any]]) -> Json:
        return self._json(f"projects/{project}/items/", rows)

    def claim(self, project: str, *, ahead: bool = False) -> Json | None:
        """None when nothing is left for this person."""
        found: Json | None = self.post(f"projects/{project}/claim/", {"ahead": True} if ahead else {})
        return found

    def submit(self, assignment: str, answer: Mapping[str, Any], *, key: str) -> Json:
        """`key` makes it safe to send the same answer twice."""
        return self._json(f"assignments/{assignment}/submit/", answer, headers={"Idempotency-Key": key})

    def review(self, response: str, verdict: str, *, comment: str = "", output: str | None = None) -> Json:
        body = {"verdict": verdict, "comment": comment} | ({"output": output} if output is not None else {})
        return self._json(f"responses/{response}/review/", body)

    def freeze_version(self, project: str, name: str, **options: Any) -> Json:
        return self._json(f"projects/{project}/versions/", {"name": name, **options})

    # Models and runs

    def create_model(self, **fields: Any) -> Json:
        return self._json("models/", fields)

    def create_run(self, **fields: Any) -> Json:
        return self._json("runs/", fields)

    def run(self, run: str) -> Json:
        return self._get(f"runs/{run}/")

    # Evaluation

    def create_evalset(self, name: str, items: Sequence[Mapping[str, Any]], note: str = "") -> Json:
        """The same items under the same name make no second version."""
        return self._json("evalsets/", {"name": name, "items": items, "note": note})

    def create_evaluation(self, evalset: str, models: Sequence[str], metrics: Sequence[str], **options: Any) -> Json:
        return self._json("evaluations/", {"evalset": evalset, "models": models, "metrics": metrics, **options})

    def evaluation(self, evaluation: str) -> Json:
        return self._get(f"evaluations/{evaluation}/")

    def upload_outputs(self, evaluation: str, model: str, outputs: Iterable[Mapping[str, Any]]) -> Json:
        """Outputs as `{id, text}`, where `id` is the item's id; those already there stay as they are."""
        lines = "\n".join(json.dumps(output, ensure_ascii=False) for output in outputs)
        answer: Json = self._request(
            "POST",
            f"evaluations/{evaluation}/outputs/",
            params={"model": model},
            content=lines.encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )
        return answer

    def create_study(self, evalset: str, models: Sequence[str], design: str, **options: Any) -> Json:
        return self._json("studies/", {"evalset": evalset, "models": models, "design": design, **options})

    def claim_rating(self, study: str) -> Json | None:
        found: Json | None = self.post(f"studies/{study}/claim/")
        return found

    def rate(self, rating: str, answer: Mapping[str, Any], *, key: str) -> Json:
        return self._json(f"ratings/{rating}/submit/", answer, headers={"Idempotency-Key": key})

    # Leaderboards

    def create_leaderboard(self, slug: str, name: str, evalset: str, **options: Any) -> Json:
        return self._json("leaderboards/", {"slug": slug, "name": name, "evalset": evalset, **options})

    def leaderboard(self, slug: str, **filters: Any) -> Board:
        """`filters`: language, category, snapshot, as_of, columns, page, page_size."""
        found: Board = self.get(f"leaderboards/{slug}/", **filters)
        return found

    def leaderboard_if_changed(self, slug: str, etag: str | None, **filters: Any) -> tuple[Board | None, str]:
        """The board and its ETag; None instead of the board while it is still the one with this ETag."""
        headers = {"If-None-Match": etag} if etag else {}
        response = self._send("GET", f"leaderboards/{slug}/", params=filters, headers=headers)
        if response.status_code == httpx.codes.NOT_MODIFIED:
            return None, str(response.headers["ETag"])
        if not response.is_success:
            raise _error(response)
        return response.json(), str(response.headers["ETag"])

    def leaderboard_csv(self, slug: str, **filters: Any) -> str:
        return str(self.get(f"leaderboards/{slug}/", format="csv", **filters))

    def history(self, slug: str, **filters: Any) -> list[Past]:
        """`filters`: model, language, category."""
        found: list[Past] = self.get(f"leaderboards/{slug}/history/", **filters)
        return found

    def diff(self, slug: str, before: int, after: int | None = None, **filters: Any) -> Json:
        """What moved from one snapshot to another, by default the newest, and which inputs moved it."""
        found: Json = self.get(f"leaderboards/{slug}/diff/", **{"from": before, "to": after}, **filters)
        return found

    def gate(self, slug: str, model: str, baseline: str, rules: Sequence[Mapping[str, Any]], **options: Any) -> Verdict:
        """Pass, fail or undetermined, with the evidence for each rule; for a CI pipeline."""
        body = {"model": model, "baseline": baseline, "rules": rules, **options}
        found: Verdict = self.post(f"leaderboards/{slug}/gate/", body)
        return found

    def add_webhook(self, slug: str, url: str) -> Json:
        """The answer's `secret` is shown this once; `is_genuine` takes it."""
        return self._json(f"leaderboards/{slug}/webhooks/", {"url": url})

    def webhooks(self, slug: str) -> list[Json]:
        found: list[Json] = self.get(f"leaderboards/{slug}/webhooks/")
        return found

    def remove_webhook(self, slug: str, webhook: str) -> None:
        self.delete(f"leaderboards/{slug}/webhooks/{webhook}/")

    def conformance(self) -> Json:
        """The published numbers as they come out on that installation."""
        return self._get("conformance/")

    def impact(self, row: str) -> Json:
        """Everything that a row touched."""
        return self._get(f"rows/{row}/impact/")

    def lineage(self, kind: str, key: str) -> Json:
        return self._get(f"lineage/{kind}/{key}/")

    def withdraw(self, row: str, reason: str) -> Json:
        return self._json(f"rows/{row}/withdraw/", {"reason": reason})

    def _json(self, path: str, body: Body, *, headers: Mapping[str, str] | None = None) -> Json:
        answer: Json = self.post(path, body, headers=headers)
        return answer

    def _get(self, path: str) -> Json:
        answer: Json = self.get(path)
        return answer


def is_genuine(secret: str, header: str, body: bytes, *, seconds: float = 300) -> bool:
    """Whether a webhook's message is the service's and no older than so many seconds.

    `header` is X-SFTLab-Signature, `body` the bytes as they came.
    """
    moment, _, code = header.removeprefix("t=").partition(",v1=")
    if not moment.isdecimal() or abs(time.time() - int(moment)) > seconds:
        return False
    wanted = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, code)


def _error(response: httpx.Response) -> ApiError:
    try:
        body = response.json()
        return ApiError(response.status_code, body["code"], body["message"], body.get("errors", ()))
    except (ValueError, KeyError, TypeError):
        return ApiError(response.status_code, "error", response.text[:300])
