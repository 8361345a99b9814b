from pathlib import Path

import pytest

from tests.evaluation.metrics.factories import pair, scored

SCRIPT = """
import datasets
import evaluate


class SharedLetters(evaluate.Metric):
    def _info(self):
        text = datasets.Value("string")
        features = datasets.Features({"predictions": text, "references": datasets.Sequence(text)})
        return evaluate.MetricInfo(description="", citation="", inputs_description="", features=features)

    def _compute(self, predictions, references, factor=1.0):
        shared = len(set(predictions[0]) & set(references[0][0])) / len(set(references[0][0]))
        return {"shared_letters": factor * shared, "other": 0.0}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "shared_letters"
    found.mkdir()
    (found / "shared_letters.py").write_text(SCRIPT)
    return found


def test_a_module_in_a_folder_is_a_metric_like_the_others(folder: Path) -> None:
    found = scored(f"module:{folder}", [pair("abc", "ab"), pair("x", "ab", id="2")])
    assert ([one.value for one in found.items], found.value) == ([1.0, 0.0], 0.5)
    assert found.metric == "module:shared_letters"


def test_arguments_and_key_are_passed_and_signed(folder: Path) -> None:
    found = scored(f"module:{folder}", [pair("abc", "ab")], arguments={"factor": 0.5})
    assert (found.value, "args:factor=0.5" in found.signature) == (0.5, True)
    wrong = scored(f"module:{folder}", [pair("abc", "ab")], key="missing")
    assert "shared_letters, other" in str(wrong.reason)


def test_a_missing_module_is_not_computed(tmp_path: Path) -> None:
    assert "no evaluate module" in str(scored(f"module:{tmp_path}/none", [pair("a", "a")]).reason)
