"""Encoders that this installation has without being told: the demo's weights."""

from typing import Any

from sftlab.errors import Unavailable
from sftlab.weights import minilm, smollm2

MINILM_LAYER = 5
SMOLLM2_LAYER = 15


def demo_encoders() -> dict[str, dict[str, Any]]:
    """MiniLM for English; for Chinese, of which MiniLM lacks three characters in four, SmolLM2's byte-level states.

    The layer before MiniLM's last, as bert_score picks for encoders of six layers; the middle one of SmolLM2. Both are
    small models for a demo: for results that count, configure an encoder trained on the language.
    """
    found = {}
    for language, encoder in (("en", _minilm), ("zh", _smollm2)):
        try:
            found[language] = encoder()
        except Unavailable:
            continue
    return found


def _minilm() -> dict[str, Any]:
    return {"path": str(minilm()), "layer": MINILM_LAYER, "name": "all-MiniLM-L6-v2"}


def _smollm2() -> dict[str, Any]:
    folder = smollm2()
    file = next(folder.glob("*.gguf"), None)
    if file is None:
        raise Unavailable(f"{folder} holds no GGUF file")
    return {"path": str(folder), "layer": SMOLLM2_LAYER, "gguf_file": file.name, "name": file.stem}
