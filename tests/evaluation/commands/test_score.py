import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

HYPOTHESES = "好\n监督微调很有效\n\nPython 3.11 发布了\n"
REFERENCES = "好\n监督微调十分有效\n今天天气好\nPython 3.11 发布\n"


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, text in (("hyp.txt", HYPOTHESES), ("ref.txt", REFERENCES)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return [str(tmp_path / "hyp.txt"), str(tmp_path / "ref.txt")]


def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """With a database that is not there."""
    environment = os.environ | {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    command = [sys.executable, "manage.py", "score", *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False)


def as_json(*arguments: str) -> dict[str, Any]:
    done = run(*arguments, "--json", "--resamples", "50")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["scores"]
    return found


def test_aligned_files_are_scored_with_signatures(files: list[str]) -> None:
    scores = as_json("--metrics", "bleu,rougeL,exact_match", "--lang", "zh", *files)
    assert list(scores) == ["bleu", "rougeL", "exact_match"]
    assert scores["exact_match"]["value"] == 0.25
    assert scores["bleu"]["flags"] == {"empty_hypothesis": 1}
    assert "tok:zh-v1" in scores["bleu"]["signature"]
    assert "dict." in scores["rougeL"]["signature"]


def test_jsonl_brings_its_references_and_items_are_printed_on_request(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    file.write_text('{"id": "x", "hypothesis": "yes", "references": ["no", "yes"]}\n')
    scores = as_json("--metrics", "exact_match", "--items", str(file))
    assert [item["id"] for item in scores["exact_match"]["items"]] == ["x"]


def test_the_table_names_values_remarks_and_signatures(files: list[str]) -> None:
    out = run("--metrics", "ter,meteor", "--lang", "zh", *files).stdout
    assert "not computed" in out
    assert "WordNet" in out
    assert "ter|v:1|tok:tercom-asian|case:lc" in out


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["--metrics", "blue", "{0}", "{1}"], "there is no metric 'blue'"),
        (["{0}"], "Give a file of references"),
        (["{0}", "missing.txt"], "missing.txt"),
    ],
)
def test_faults_exit_2_in_words(arguments: list[str], fault: str, files: list[str]) -> None:
    done = run(*(argument.format(*files) for argument in arguments))
    assert (done.returncode, fault in done.stderr) == (2, True)
