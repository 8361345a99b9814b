"""Loading the model that is tuned or that answers, and its tokenizer, with faults that name the file."""

import json
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.trainer.chat import Chat, named_template
from training.trainer.errors import TrainerError
from training.trainer.gguf_weights import dequantised
from training.trainer.spec import ModelSpec


@dataclass(frozen=True)
class Source:
    """Where model and tokenizer are read from; `adapter` is put on top."""

    folder: Path
    adapter: Path | None
    spec: ModelSpec


def locate(spec: ModelSpec, cache: Path) -> Source:
    """Dequantises if need be. A result of full fine-tuning takes the place of its base."""
    adapter = Path(spec.adapter) if spec.adapter else None
    if adapter and (adapter / "config.json").is_file():
        return _checked(Source(adapter, None, spec))
    folder = Path(spec.path)
    if spec.gguf_file:
        folder = dequantised(folder, spec.gguf_file, cache)
    return _checked(Source(folder, adapter, spec))


def load_tokenizer(source: Source) -> Any:
    """The result's own where there is one: it has the template that was trained with."""
    from transformers import AutoTokenizer

    own = source.adapter and (source.adapter / "tokenizer_config.json").is_file()
    folder = source.adapter if own else source.folder
    try:
        return AutoTokenizer.from_pretrained(
            folder, local_files_only=True, trust_remote_code=source.spec.trust_remote_code
        )
    except (OSError, ValueError) as problem:
        raise TrainerError("broken_tokenizer", f"The tokenizer in {folder} cannot be read: {problem}") from None


def load_chat(source: Source) -> Chat:
    tokenizer = load_tokenizer(source)
    template = named_template(source.spec.template) if source.spec.template else tokenizer.chat_template
    if not template:
        message = f"The model in {source.folder} has no chat template: name one in model.template."
        raise TrainerError("no_template", message)
    return Chat(tokenizer, template)


def load_base(source: Source, *, dtype: str, device: str, four_bit: bool = False, double_quant: bool = True) -> Any:
    import torch
    from transformers import AutoModelForCausalLM, BitsAndBytesConfig
    from transformers.utils import logging

    logging.disable_progress_bar()
    quantisation = None
    if four_bit:
        quantisation = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=double_quant,
            bnb_4bit_compute_dtype=getattr(torch, dtype),
        )
    try:
        model = AutoModelForCausalLM.from_pretrained(
            source.folder,
            dtype=getattr(torch, dtype),
            quantization_config=quantisation,
            device_map={"": device} if four_bit else None,
            local_files_only=True,
            use_safetensors=True,
            trust_remote_code=source.spec.trust_remote_code,
        )
    except (OSError, ValueError, KeyError) as problem:
        raise TrainerError("broken_model", f"The model in {source.folder} cannot be loaded: {problem}") from problem
    if not four_bit:
        return model.to(device)
    for module in model.modules():
        if hasattr(module, "support_avx512bf16_for_cpu"):
            module.support_avx512bf16_for_cpu = False  # its kernel has no gradient, and one evaluation switches to it
    return model


def _checked(source: Source) -> Source:
    for folder in (source.folder, source.adapter):
        for file in sorted(folder.glob("*.safetensors")) if folder else ():
            check_safetensors(file)
    return source


def check_safetensors(path: Path) -> None:
    """Raises where the file is shorter than its own header says."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else size
        if 8 + length > size:
            raise TrainerError("broken_weights", f"{path} is cut short: its header alone is longer than the file.")
        try:
            header = json.loads(file.read(length))
        except ValueError:
            raise TrainerError("broken_weights", f"{path} is not a safetensors file.") from None
    end = max((entry["data_offsets"][1] for name, entry in header.items() if name != "__metadata__"), default=0)
    if 8 + length + end != size:
        message = f"{path} is cut short: {size:,} bytes of {8 + length + end:,}. Copy or download it again."
        raise TrainerError("broken_weights", message)
