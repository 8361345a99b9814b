"""A finished result on its base, ready to answer."""

from typing import Any

from training.trainer.base_model import Source, load_base
from training.trainer.errors import TrainerError
from training.trainer.methods import bottleneck
from training.trainer.methods.options import Bottleneck, Full
from training.trainer.result_card import read_card
from training.trainer.tuned import Tuned


def load_tuned(source: Source, *, device: str = "cpu", as_trained: bool = True) -> Tuned:
    """The base in four bits where the adapter was trained so, unless asked for in full precision."""
    if source.adapter is None:
        base = load_base(source, dtype="float32", device=device)
        return Tuned(model=base, core=base, options=Full())
    card = read_card(source.adapter)
    base = load_base(source, dtype="float32", device=device, four_bit=card.on_four_bits and as_trained)
    if isinstance(card.options, Bottleneck):
        return bottleneck.load(base, source.adapter)
    return Tuned(model=_with_peft(base, source), core=base, options=card.options, peft=True)


def any_device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def _with_peft(base: Any, source: Source) -> Any:
    from peft import PeftModel

    try:
        return PeftModel.from_pretrained(base, source.adapter, local_files_only=True)
    except (OSError, ValueError, RuntimeError, KeyError) as problem:
        raise TrainerError(
            "broken_adapter", f"The adapter in {source.adapter} cannot be loaded: {problem}"
        ) from problem
