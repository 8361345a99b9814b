"""What a model folder holds, read from its headers: no weights are loaded and no code of the model runs."""

import hashlib
import json
import re
import struct
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import gguf
from django.utils.translation import gettext as _

from sftlab.errors import BadInput

KEPT = ("*.safetensors", "*.gguf", "*.json", "*.jinja", "*.model", "merges.txt")


@dataclass(frozen=True)
class WeightFile:
    name: str
    size: int
    sha256: str = ""


@dataclass(frozen=True)
class Inspection:
    family: str
    parameters: int
    licence: str
    gguf_file: str
    files: list[WeightFile]


def inspect(folder: Path, gguf_file: str = "") -> Inspection:
    """Raises BadInput that names the folder or file at fault and what to do."""
    try:
        return _inspect(folder, gguf_file)
    except OSError as error:
        raise _fault("path", _("%(path)s can't be read: %(error)s."), folder, error=error.strerror) from error


def _inspect(folder: Path, gguf_file: str) -> Inspection:
    if not folder.is_dir():
        raise _fault(
            "path", _("There is no folder %(path)s on this machine. Check the path, or copy the model there."), folder
        )
    gguf_file = gguf_file or _only_gguf(folder)
    if gguf_file:
        family, parameters, licence = _read_gguf(folder / gguf_file)
    else:
        family, parameters = _read_safetensors_model(folder)
        licence = ""
    return Inspection(family, parameters, licence or _licence_of(folder), gguf_file, list_files(folder, gguf_file))


def list_files(folder: Path, gguf_file: str = "") -> list[WeightFile]:
    patterns = (gguf_file,) if gguf_file else KEPT
    found = sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})
    return [WeightFile(path.name, path.stat().st_size) for path in found]


def hashed(folder: Path, files: list[WeightFile]) -> tuple[list[WeightFile], str]:
    """The files with their sha256, and one sha256 over them all."""
    done = [WeightFile(file.name, file.size, _sha256(folder / file.name)) for file in files]
    manifest = json.dumps([asdict(file) for file in done], sort_keys=True)
    return done, hashlib.sha256(manifest.encode()).hexdigest()


def check_unchanged(folder: Path, files: list[WeightFile]) -> None:
    """By size, which is quick. Raises BadInput that names the first file that is missing or cut short."""
    if not folder.is_dir():
        raise _fault(
            "path", _("The model's folder %(path)s is gone. Bring it back, or register the model anew."), folder
        )
    for file in files:
        path = folder / file.name
        if not path.is_file():
            raise _fault("path", _("The model's file %(path)s is gone. Bring it back."), path)
        if path.stat().st_size != file.size:
            message = _("The model's file %(path)s has %(now)d bytes where it had %(then)d: copy it again.")
            raise _fault("path", message, path, now=path.stat().st_size, then=file.size)


def _fault(field: str, message: str, path: Path, **values: object) -> BadInput:
    text = message % {"path": path, **values}
    return BadInput(text, code="model_files", errors=[{"field": field, "reason": text}])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _only_gguf(folder: Path) -> str:
    """A folder without config.json but with one GGUF file means that file."""
    found = sorted(path.name for path in folder.glob("*.gguf"))
    if (folder / "config.json").is_file() or not found:
        return ""
    if len(found) > 1:
        raise _fault("gguf_file", _("%(path)s holds several GGUF files: name one of %(names)s."), folder, names=found)
    return found[0]


def _read_gguf(path: Path) -> tuple[str, int, str]:
    if not path.is_file():
        raise _fault("gguf_file", _("There is no file %(path)s."), path)
    try:
        reader = gguf.GGUFReader(path)
    except (ValueError, IndexError, KeyError, OSError, struct.error) as error:
        message = _("%(path)s is no whole GGUF file (%(error)s): it may be cut short. Download or copy it again.")
        raise _fault("path", message, path, error=error) from error
    parameters = sum(int(tensor.n_elements) for tensor in reader.tensors)
    return _gguf_text(reader, "general.architecture"), parameters, _gguf_text(reader, "general.license")


def _gguf_text(reader: Any, name: str) -> str:
    field = reader.get_field(name)
    return str(field.contents()) if field is not None else ""


def _read_safetensors_model(folder: Path) -> tuple[str, int]:
    config = _json(folder / "config.json")
    shards = _shards(folder)
    if not shards:
        if any(folder.glob("*.bin")):
            message = _("%(path)s holds its weights as pickles, which can run code when read: convert to safetensors.")
            raise _fault("path", message, folder)
        raise _fault("path", _("%(path)s holds no weights: no *.safetensors and no *.gguf file."), folder)
    return str(config.get("model_type", "")), sum(_safetensors_parameters(shard) for shard in shards)


def _shards(folder: Path) -> list[Path]:
    index = folder / "model.safetensors.index.json"
    if not index.is_file():
        return sorted(folder.glob("*.safetensors"))
    shards = sorted({folder / name for name in _json(index).get("weight_map", {}).values()})
    for shard in shards:
        if not shard.is_file():
            raise _fault("path", _("The weight file %(path)s is missing. Download or copy it again."), shard)
    return shards


def _safetensors_parameters(path: Path) -> int:
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = file.read(length) if length < size else b""
    try:
        tensors = json.loads(header)
        tensors.pop("__metadata__", None)
        needed = 8 + length + max(tensor["data_offsets"][1] for tensor in tensors.values())
    except (ValueError, KeyError, TypeError) as error:
        raise _fault("path", _("%(path)s is no safetensors file, or is cut short. Copy it again."), path) from error
    if size < needed:
        message = _("%(path)s is cut short: %(now)d of %(then)d bytes. Download or copy it again.")
        raise _fault("path", message, path, now=size, then=needed)
    return sum(prod(tensor["shape"]) for tensor in tensors.values())


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        message = _("%(path)s is missing, so the folder holds no model. Check the path.")
        raise _fault("path", message, path) from error
    except ValueError as error:
        raise _fault("path", _("%(path)s is broken: it is no JSON. Copy it again."), path) from error
    return content if isinstance(content, dict) else {}


def _licence_of(folder: Path) -> str:
    """From the front matter of a model card."""
    card = folder / "README.md"
    if not card.is_file():
        return ""
    found = re.search(r"^license:\s*(\S+)", card.read_text(encoding="utf-8", errors="replace")[:4000], re.MULTILINE)
    return found[1] if found else ""
