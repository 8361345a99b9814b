"""One answer from a server that speaks OpenAI's chat completions. Pure of the database; the key is in no message."""

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

TIMEOUT = httpx.Timeout(300.0, connect=10.0)
LARGEST = 4 * 1024 * 1024
QUOTED = 300
BUSY = {408, 409, 425, 429}
FINISHES = {"stop", "length"}


class Refused(Exception):
    """The server will say the same again."""


class Busy(Exception):
    """It may answer later; `after` are the seconds that it asked for."""

    def __init__(self, message: str, after: float | None = None) -> None:
        super().__init__(message)
        self.after = after


@dataclass(frozen=True)
class Server:
    base_url: str
    model: str
    key: str = ""


@dataclass(frozen=True)
class Reply:
    text: str
    finish: str
    tokens: int | None
    model: str
    fingerprint: str


def request_body(
    server: Server, messages: Sequence[Mapping[str, str]], decoding: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Greedy is temperature 0. What only some servers know is sent only where it was set."""
    sampled = decoding["do_sample"]
    body = {
        "model": server.model,
        "messages": [{"role": turn["role"], "content": turn["content"]} for turn in messages],
        "max_tokens": decoding["max_new_tokens"],
        "temperature": decoding["temperature"] if sampled else 0,
        "seed": seed,
    }
    if sampled and decoding["top_p"] < 1:
        body["top_p"] = decoding["top_p"]
    if sampled and decoding["top_k"]:
        body["top_k"] = decoding["top_k"]
    if decoding["repetition_penalty"] != 1:
        body["repetition_penalty"] = decoding["repetition_penalty"]
    return body


async def ask(client: httpx.AsyncClient, server: Server, body: Mapping[str, Any]) -> Reply:
    """Raises Busy or Refused."""
    headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
    url = f"{server.base_url.rstrip('/')}/chat/completions"
    try:
        async with client.stream("POST", url, json=body, headers=headers) as response:
            content = await _read(response)
    except httpx.UnsupportedProtocol as error:
        raise Refused(str(error)) from error
    except httpx.TransportError as error:
        raise Busy(f"{type(error).__name__}: {error}".rstrip(": ")) from error
    if response.status_code != 200:
        raise _fault(response, content, server)
    return _reply(content)


async def _read(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > LARGEST:
            raise Refused(f"The answer is larger than {LARGEST // 1024 // 1024} MiB.")
        parts.append(part)
    return b"".join(parts)


def _fault(response: httpx.Response, content: bytes, server: Server) -> Exception:
    status = response.status_code
    said = content.decode("utf-8", "replace")
    with suppress(ValueError, KeyError, TypeError):
        said = str(json.loads(said)["error"]["message"])
    if server.key:
        said = said.replace(server.key, "…")
    message = f"{status} {response.reason_phrase}: {said[:QUOTED]}".rstrip(": ")
    if status in BUSY or status >= 500:
        return Busy(message, retry_after(response.headers.get("Retry-After")))
    return Refused(message)


def retry_after(header: str | None) -> float | None:
    """Seconds, from seconds or a date (RFC 9110); None where there is none that can be read."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        wanted = parsedate_to_datetime(header)
    except ValueError:
        return None
    wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)
    return max(0.0, (wanted - datetime.now(UTC)).total_seconds())


def _reply(content: bytes) -> Reply:
    try:
        found = json.loads(content)
        choice = found["choices"][0]
        text = choice["message"].get("content") or ""
        tokens = (found.get("usage") or {}).get("completion_tokens")
        finish = choice.get("finish_reason")
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise Refused("The answer is not a chat completion.") from error
    if not isinstance(text, str):
        raise Refused("The answer's content is not text.")
    return Reply(
        text=text.replace("\x00", "\ufffd"),
        finish=finish if finish in FINISHES else "",
        tokens=tokens if isinstance(tokens, int) and 0 <= tokens < 2**31 else None,
        model=str(found.get("model") or ""),
        fingerprint=str(found.get("system_fingerprint") or ""),
    )
