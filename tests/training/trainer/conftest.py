import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.factories.tiny_model import make_tiny_model
from training.trainer.__main__ import main

Json = dict[str, Any]


def row(number: int, question: str, answer: str, **extra: Any) -> Json:
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"id": f"row-{number}", "messages": messages, **extra}


def uneven_rows(count: int = 12) -> list[Json]:
    """Answers of very different length, two of them Chinese."""
    words = [
        "red",
        "green",
        "blue",
        "一二三",
        "yellow",
        "orange",
        "violet",
        "四五六",
        "brown",
        "black",
        "white",
        "grey",
    ]
    return [row(i, f"say {words[i % 11]}", " ".join(words[: 1 + i * 5 % 12])) for i in range(count)]


class Bench:
    """Writes RUN_DIRs and runs the trainer in them, in this process."""

    def __init__(self, folder: Path, model: Path) -> None:
        self.folder, self.model = folder, model

    def prepare(self, name: str = "run", *, rows: list[Json] | None = None, **spec: Any) -> Path:
        run = self.folder / name
        run.mkdir(exist_ok=True)
        write_rows(run / "train.jsonl", rows if rows is not None else uneven_rows())
        config = {"epochs": 1, "batch_size": 4, "threads": 1} | spec.pop("config", {})
        method = spec.pop("method", {"name": "lora"})
        whole = {
            "version": 1,
            "task": "train",
            "model": {"path": str(self.model)},
            "data": [{"path": "train.jsonl"}],
            "method": method,
            "config": config,
            "seed": 3,
            "cache": str(self.folder / "cache"),
        }
        (run / "spec.json").write_text(json.dumps(whole | spec))
        return run

    def train(self, name: str = "run", **spec: Any) -> Path:
        """Expects the run to be done."""
        run = self.prepare(name, **spec)
        assert main([str(run)]) == 0, (run / "result.json").read_text()
        return run

    def task(self, name: str, spec: Json, **files: list[Json]) -> Path:
        run = self.folder / name
        run.mkdir(exist_ok=True)
        for stem, content in files.items():
            write_rows(run / f"{stem}.jsonl", content)
        whole = {"version": 1, "model": {"path": str(self.model)}, "cache": str(self.folder / "cache")}
        (run / "spec.json").write_text(json.dumps(whole | spec))
        assert main([str(run)]) == 0, (run / "result.json").read_text()
        return run


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def bench(tmp_path: Path, tiny: Path) -> Bench:
    return Bench(tmp_path, tiny)


@pytest.fixture(autouse=True)
def _own_signals() -> Iterator[None]:
    kept = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, kept)


def write_rows(path: Path, rows: list[Json]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")


def result(run: Path) -> Json:
    content: Json = json.loads((run / "result.json").read_text())
    return content


def events(run: Path, kind: str | None = None) -> list[Json]:
    lines = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [line for line in lines if kind in (None, line["type"])]


def weights(run: Path, folder: str = "adapter") -> Json:
    from safetensors.torch import load_file

    found: Json = {}
    for path in sorted((run / folder).glob("*.safetensors")):
        found |= load_file(path)
    return found


def same_bits(left: Json, right: Json) -> bool:
    import torch

    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)
