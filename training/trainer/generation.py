"""The task `generate`: the same prompts as in training, the same decoding for every model."""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from training.trainer.base_model import load_chat, locate
from training.trainer.chat import Chat
from training.trainer.errors import Stopped, TrainerError
from training.trainer.events import Events
from training.trainer.loading import any_device, load_tuned
from training.trainer.loop import step_seed
from training.trainer.memory import peak_rss_mb
from training.trainer.run_dir import RunDir
from training.trainer.spec import Decoding, GenerateSpec, Spec
from training.trainer.training_task import versions
from training.trainer.tuned import Tuned

OUTPUTS = "outputs.jsonl"


@dataclass(frozen=True)
class Item:
    id: str
    prompt: list[int]


def generate(run_dir: RunDir, spec: Spec, events: Events, cache: Path) -> dict[str, Any]:
    """Answers are kept as they come; a second start goes on with the rows that have none."""
    body = spec.body
    assert isinstance(body, GenerateSpec)
    started = time.monotonic()
    source = locate(body.model, cache)
    chat = load_chat(source)
    items = read_items(run_dir.path / body.items, chat)
    events.send("start", task=spec.task, fence=spec.fence, items=len(items))
    tuned = load_tuned(source, device=any_device())
    part = run_dir.path / f".{OUTPUTS}"
    done = _answered(part)
    began, fresh = time.monotonic(), 0
    with part.open("a", encoding="utf-8") as outputs:
        for answers in _answers(tuned, chat, items, body, done):
            outputs.writelines(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers)
            outputs.flush()
            done |= {answer["id"]: answer for answer in answers}
            fresh += sum(answer["tokens"] for answer in answers)
            speed = round(fresh / max(time.monotonic() - began, 1e-6), 2)
            events.progress("outputs", len(done), len(items), tokens_per_s=speed)
            if run_dir.must_stop() and len(done) < len(items):
                raise Stopped
    _write_in_order(run_dir.path, part, [done[item.id] for item in items])
    tokens = sum(answer["tokens"] for answer in done.values())
    elapsed = time.monotonic() - began
    return {
        "outputs": OUTPUTS,
        "items": len(items),
        "tokens": tokens,
        "cut_off": sum(answer["finish"] == "length" for answer in done.values()),
        "seconds": round(time.monotonic() - started, 3),
        "tokens_per_s": round(fresh / elapsed, 2) if fresh else None,
        "versions": versions(),
        "peak_rss_mb": peak_rss_mb(),
    }


def read_items(path: Path, chat: Chat) -> list[Item]:
    items = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            row = json.loads(line)
            items.append(Item(str(row["id"]), chat.prompt(row["messages"])))
        except (ValueError, TypeError, KeyError) as problem:
            raise TrainerError("broken_line", f"{path.name} line {number} is broken: {problem}.") from None
    return items


def _answers(
    tuned: Tuned, chat: Chat, items: Sequence[Item], body: GenerateSpec, done: dict[str, Any]
) -> Iterator[list[dict[str, Any]]]:
    """The batches do not depend on what was answered before, so a second start gives the same answers."""
    model, decoding = tuned.for_generation(), body.decoding
    for number, batch in enumerate(_batches(items, decoding.batch_size, even=tuned.options.passes != "inject")):
        if any(item.id not in done for item in batch):
            prompts = [item.prompt for item in batch]
            answers = answer(model, chat, prompts, decoding, step_seed(body.seed, number, 0))
            yield [{"id": item.id} | found for item, found in zip(batch, answers, strict=True)]


def _batches(items: Sequence[Item], size: int, *, even: bool) -> Iterator[list[Item]]:
    """Prompts of like length together; of the same length where padding would come between virtual tokens and text."""
    ordered = sorted(items, key=lambda item: len(item.prompt))
    groups = groupby(ordered, key=lambda item: len(item.prompt) if even else 0)
    for group in (list(found) for _, found in groups):
        yield from (group[at : at + size] for at in range(0, len(group), size))


def answer(
    model: Any, chat: Chat, prompts: Sequence[Sequence[int]], decoding: Decoding, seed: int
) -> list[dict[str, Any]]:
    """`{text, tokens, finish}` for each prompt; padded on the left, masked by length."""
    import torch

    torch.manual_seed(seed)
    longest = max(map(len, prompts))
    ids = torch.zeros(len(prompts), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for line, keep, prompt in zip(ids, mask, prompts, strict=True):
        line[longest - len(prompt) :] = torch.tensor(prompt)
        keep[longest - len(prompt) :] = 1
    device = next(model.parameters()).device
    with torch.inference_mode():
        full = model.generate(
            input_ids=ids.to(device), attention_mask=mask.to(device), generation_config=_settings(decoding, chat)
        )
    return [_finished(found, chat) for found in full[:, longest:].tolist()]


def _settings(decoding: Decoding, chat: Chat) -> Any:
    from transformers import GenerationConfig

    sampling = {
        "temperature": decoding.temperature,
        "top_p": decoding.top_p,
        "top_k": decoding.top_k,
    }
    return GenerationConfig(
        max_new_tokens=decoding.max_new_tokens,
        do_sample=decoding.do_sample,
        repetition_penalty=decoding.repetition_penalty,
        eos_token_id=chat.stop_ids,
        pad_token_id=chat.stop_ids[0],
        **(sampling if decoding.do_sample else {}),
    )


def _finished(ids: Sequence[int], chat: Chat) -> dict[str, Any]:
    """The text up to the first stop token, which `tokens` counts; without a character that the length cut in two."""
    stops = [i for i, token in enumerate(ids) if token in chat.stop_ids]
    kept = ids[: stops[0]] if stops else ids
    text = chat.text(kept) if stops else chat.text(kept).rstrip("\ufffd")
    return {"text": text, "tokens": len(kept) + bool(stops), "finish": "stop" if stops else "length"}


def _answered(part: Path) -> dict[str, Any]:
    """What an earlier start left; a line cut short by its end does not count."""
    if not part.exists():
        return {}
    whole = part.read_bytes()
    whole = whole[: whole.rfind(b"\n") + 1]
    part.write_bytes(whole)
    answers = map(json.loads, whole.decode("utf-8").splitlines())
    return {answer["id"]: answer for answer in answers}


def _write_in_order(folder: Path, part: Path, answers: Sequence[dict[str, Any]]) -> None:
    beside = folder / f".ordered.{OUTPUTS}"
    beside.write_text("".join(json.dumps(answer, ensure_ascii=False) + "\n" for answer in answers), encoding="utf-8")
    beside.replace(folder / OUTPUTS)
    part.unlink()
