from pathlib import Path

import pytest

from evaluation.metrics.spec import read_spec
from sftlab.errors import BadInput


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pairs.jsonl").write_text("")
    return tmp_path


def test_defaults(folder: Path) -> None:
    spec = read_spec({"metrics": ["bleu", "module:/some/folder"], "pairs": "pairs.jsonl"}, folder)
    assert (spec.resamples, spec.seed, spec.level, spec.language) == (1000, 0, 0.95, "")


def test_all_faults_are_listed_at_once(folder: Path) -> None:
    raw = {"version": 2, "metrics": ["blue"], "pairs": "../x", "resamples": -1, "seed": "one", "level": 2, "sead": 1}
    with pytest.raises(BadInput) as caught:
        read_spec(raw, folder)
    fields = [error["field"] for error in caught.value.errors]
    assert sorted(fields) == ["level", "metrics", "pairs", "resamples", "sead", "seed", "version"]


@pytest.mark.parametrize("raw", [[], "text", None, {"metrics": [], "pairs": "pairs.jsonl"}, {"metrics": ["bleu"]}])
def test_what_is_no_spec_is_refused(raw: object, folder: Path) -> None:
    with pytest.raises(BadInput):
        read_spec(raw, folder)


def test_files_outside_the_folder_are_refused(folder: Path) -> None:
    inner = folder / "run"
    inner.mkdir()
    with pytest.raises(BadInput, match="there is no file"):
        read_spec({"metrics": ["bleu"], "pairs": "../pairs.jsonl"}, inner)
