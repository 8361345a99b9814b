"""Checkpoints that are whole or not there: temporary folder, manifest of sha256, fsync, rename."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.trainer.files import sha256, sync

MANIFEST = "manifest.json"
WEIGHTS = "weights.safetensors"
OPTIMIZER = "optimizer.pt"
STATE = "state.json"
PARTS = "parts"


@dataclass(frozen=True)
class Checkpoint:
    path: Path
    step: int

    @property
    def parts(self) -> Path:
        """Where the processes of a sharded run wrote theirs."""
        return self.path / PARTS

    @property
    def sha256(self) -> str:
        return sha256(self.path / MANIFEST)


class Checkpoints:
    """Keeps the last `keep` and the best."""

    def __init__(self, folder: Path, keep: int) -> None:
        self.folder, self.keep = folder, keep
        folder.mkdir(parents=True, exist_ok=True)
        for leftover in folder.glob(".step-*"):
            shutil.rmtree(leftover)

    def parts(self, step: int) -> Path:
        """Where processes write before the first of them calls `save`."""
        return self.folder / f".step-{step:08d}.parts"

    def save(self, step: int, weights: Mapping[str, Any], optimizer: Any, state: Mapping[str, Any]) -> Checkpoint:
        import torch
        from safetensors.torch import save_file

        beside = self.folder / f".step-{step:08d}"
        shutil.rmtree(beside, ignore_errors=True)
        beside.mkdir()
        save_file({name: p.detach().contiguous() for name, p in weights.items()}, beside / WEIGHTS)
        torch.save(optimizer, beside / OPTIMIZER)
        (beside / STATE).write_text(json.dumps(state), encoding="utf-8")
        if self.parts(step).is_dir():
            self.parts(step).rename(beside / PARTS)
        files = sorted(path for path in beside.rglob("*") if path.is_file())
        digests = {str(file.relative_to(beside)): sha256(file) for file in files}
        (beside / MANIFEST).write_text(json.dumps(digests), encoding="utf-8")
        for file in (*files, beside / MANIFEST, beside):
            sync(file)
        target = self.folder / beside.name[1:]
        if target.exists():
            shutil.rmtree(target)
        beside.rename(target)
        sync(self.folder)
        return Checkpoint(target, step)

    def newest(self) -> Checkpoint | None:
        """The last one whose files are all what the manifest says."""
        return next((found for found in reversed(self.all()) if verified(found.path)), None)

    def at(self, step: int) -> Checkpoint:
        return Checkpoint(self.folder / f"step-{step:08d}", step)

    def all(self) -> list[Checkpoint]:
        return [Checkpoint(path, int(path.name[5:])) for path in sorted(self.folder.glob("step-*"))]

    def prune(self, best: int | None) -> None:
        for old in self.all()[: -self.keep]:
            if old.step != best:
                shutil.rmtree(old.path)


def verified(path: Path) -> bool:
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        return bool(manifest) and all(sha256(path / name) == digest for name, digest in manifest.items())
    except (OSError, ValueError):
        return False


def read_state(checkpoint: Checkpoint) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((checkpoint.path / STATE).read_text(encoding="utf-8"))
    return state


def read_weights(checkpoint: Checkpoint) -> dict[str, Any]:
    from safetensors.torch import load_file

    return dict(load_file(checkpoint.path / WEIGHTS))


def load_weights(checkpoint: Checkpoint, parameters: Mapping[str, Any]) -> None:
    import torch

    stored = read_weights(checkpoint)
    with torch.no_grad():
        for name, parameter in parameters.items():
            parameter.copy_(stored[name])


def load_optimizer(checkpoint: Checkpoint) -> Any:
    import torch

    return torch.load(checkpoint.path / OPTIMIZER, map_location="cpu", weights_only=True)
