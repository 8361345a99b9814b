"""A GGUF file as an ordinary safetensors folder, dequantised once and kept in the cache."""

import functools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.trainer.errors import TrainerError
from training.trainer.files import sha256


def dequantised(folder: Path, gguf_file: str, cache: Path) -> Path:
    """The cached folder, made first if need be. Several processes may ask at once: the first to finish wins."""
    source = folder / gguf_file
    target = cache / "models" / f"{source.stem}-{sha256(source)[:16]}"
    if target.is_dir():
        return target
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    beside.mkdir(parents=True, exist_ok=True)
    try:
        _convert(folder, gguf_file, beside)
        beside.rename(target)
    except OSError:
        if not target.is_dir():
            raise
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def _convert(folder: Path, gguf_file: str, target: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    try:
        with _read_once():
            model = AutoModelForCausalLM.from_pretrained(
                folder, gguf_file=gguf_file, quantization_config=GgufConfig(dequantize=True), local_files_only=True
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=gguf_file, local_files_only=True)
    except (ValueError, IndexError, KeyError, OSError, NotImplementedError) as problem:
        raise TrainerError(
            "broken_weights", f"{folder / gguf_file} cannot be read: it is cut short or no GGUF file ({problem})."
        ) from problem
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)


@contextmanager
def _read_once() -> Iterator[None]:
    """transformers parses the whole file for the config, the weights and the tokenizer, and builds its table of tensor
    names once for every module: 17 s for 135M parameters instead of 5 s."""
    import gguf

    kept = gguf.GGUFReader, gguf.get_tensor_name_map
    gguf.GGUFReader, gguf.get_tensor_name_map = map(functools.cache, kept)
    try:
        yield
    finally:
        gguf.GGUFReader, gguf.get_tensor_name_map = kept
