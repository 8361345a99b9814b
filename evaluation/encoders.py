"""Which local encoder BERTScore takes for which language.

MiniLM knows English and one Chinese character in four; SmolLM2 reads bytes, so it knows every text. A language without
an encoder gets no BERTScore.
"""

from typing import Any

from sftlab.errors import Unavailable
from sftlab.weights import minilm, smollm2

MINILM_LAYER = 6
SMOLLM2_LAYER = 20


def encoders() -> dict[str, dict[str, Any]]:
    found = {}
    for language, one in (("en", _minilm), ("zh", _smollm2), ("mixed", _smollm2)):
        try:
            found[language] = one()
        except Unavailable:
            continue
    return found


def _minilm() -> dict[str, Any]:
    return {"path": str(minilm()), "layer": MINILM_LAYER, "name": "all-MiniLM-L6-v2"}


def _smollm2() -> dict[str, Any]:
    folder = smollm2()
    file = next(iter(sorted(folder.rglob("*.gguf"))), None)
    if file is None:
        raise Unavailable(f"There is no GGUF file in {folder}.", code="weights_missing")
    return {
        "path": str(file.parent),
        "gguf_file": file.name,
        "layer": SMOLLM2_LAYER,
        "name": "SmolLM2-135M-Instruct",
    }
