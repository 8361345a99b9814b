"""A finished result on its base, ready to answer."""

import json
from typing import Any

from training.trainer.base_model import Source, load_base
from training.trainer.errors import TrainerError
from training.trainer.methods import bottleneck
from training.trainer.methods.options import Full, Options, Prefix, Prompt
from training.trainer.tuned import Tuned

PASSES: dict[str, type[Options]] = {
    "PREFIX_TUNING": Prefix,
    "P_TUNING": Prompt,
    "PROMPT_TUNING": Prompt,
}


def load_tuned(source: Source, *, dtype: str = "float32", device: str = "cpu") -> Tuned:
    from peft import PeftModel

    base = load_base(source, dtype=dtype, device=device)
    folder = source.adapter
    if folder is None:
        return Tuned(model=base, core=base, options=Full())
    if (folder / bottleneck.CONFIG).is_file():
        return bottleneck.load(base, folder)
    if not (folder / "adapter_config.json").is_file():
        raise TrainerError("broken_adapter", f"{folder} holds no adapter: adapter_config.json is missing.")
    try:
        model: Any = PeftModel.from_pretrained(base, folder, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as problem:
        raise TrainerError("broken_adapter", f"The adapter in {folder} cannot be loaded: {problem}") from problem
    kind = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))["peft_type"]
    return Tuned(model=model, core=base, options=PASSES.get(kind, Full)(), peft=True)


def any_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"
