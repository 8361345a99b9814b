import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.metrics.factories import REAL

METRICS = ["bleu", "chrf", "rougeL", "bertscore"]


def prepare(folder: Path, systems: int = 0, **spec: Any) -> Path:
    names = [f"system-{n}.jsonl" for n in range(systems)] or ["pairs.jsonl"]
    for shift, name in enumerate(names):
        rows = [
            {"id": f"item-{n}", "hypothesis": hypothesis[shift:], "references": [reference], "language": language}
            for n, (hypothesis, reference, language) in enumerate(REAL)
        ]
        (folder / name).write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    chosen = {"systems": {name: name for name in names}} if systems else {"pairs": names[0]}
    content = {"version": 1, "metrics": METRICS, "resamples": 50, "seed": 3, **chosen, **spec}
    (folder / "spec.json").write_text(json.dumps(content))
    return folder


def run(folder: Path) -> tuple[int, list[dict[str, Any]]]:
    done = subprocess.run([sys.executable, "-m", "evaluation.metrics", str(folder)], capture_output=True, check=False)
    return done.returncode, [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]


def result(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "result.json").read_text())
    return found


def test_scores_items_and_events_are_written(tmp_path: Path) -> None:
    code, events = run(prepare(tmp_path))
    assert (code, [event["type"] for event in events]) == (0, ["start", "progress", "done"])
    scores = {score["metric"]: score for score in result(tmp_path)["scores"]}
    assert list(scores) == METRICS
    assert [item["id"] for item in scores["bleu"]["items"]] == [f"item-{n}" for n in range(len(REAL))]
    assert scores["bleu"]["low"] < scores["bleu"]["value"] < scores["bleu"]["high"]
    assert (scores["bertscore"]["value"], scores["bertscore"]["reason"]) == (
        None,
        "no encoder is configured for en, mixed, zh",
    )


def test_the_same_spec_gives_the_same_numbers(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        run(prepare(tmp_path / name, systems=2))
        found.append({key: value for key, value in result(tmp_path / name).items() if key != "seconds"})
    assert found[0] == found[1]


def test_systems_are_compared_pair_by_pair_with_holm(tmp_path: Path) -> None:
    run(prepare(tmp_path, systems=3, metrics=["chrf"]))
    found = result(tmp_path)
    assert list(found["systems"]) == ["system-0.jsonl", "system-1.jsonl", "system-2.jsonl"]
    comparisons = found["comparisons"]["chrf"]
    assert [(one["a"][7], one["b"][7]) for one in comparisons] == [("0", "1"), ("0", "2"), ("1", "2")]
    assert all(one["p_bootstrap_holm"] >= one["p_bootstrap"] for one in comparisons)
    values = {name: scores[0]["value"] for name, scores in found["systems"].items()}
    assert comparisons[0]["difference"] == pytest.approx(values["system-0.jsonl"] - values["system-1.jsonl"])


def test_systems_with_other_items_are_refused(tmp_path: Path) -> None:
    prepare(tmp_path, systems=2)
    lines = (tmp_path / "system-1.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "system-1.jsonl").write_text("".join(lines[::-1]))
    code, events = run(tmp_path)
    assert (code, "same items" in events[-1]["message"]) == (2, True)


def test_a_bad_spec_exits_2_with_all_its_faults(tmp_path: Path) -> None:
    code, events = run(prepare(tmp_path, metrics=["blue"], level=7))
    assert (code, {error["field"] for error in events[-1]["rows"]}) == (2, {"metrics", "level"})


def test_a_bad_row_exits_2_and_is_named(tmp_path: Path) -> None:
    prepare(tmp_path)
    with (tmp_path / "pairs.jsonl").open("a") as out:
        out.write("not json\n")
    code, events = run(tmp_path)
    assert (code, "pairs.jsonl:7" in events[-1]["message"]) == (2, True)


def test_a_cancel_file_ends_it_with_75_and_no_result(tmp_path: Path) -> None:
    prepare(tmp_path)
    (tmp_path / "cancel").touch()
    code, events = run(tmp_path)
    assert (code, events[-1]["code"], (tmp_path / "result.json").exists()) == (75, "cancelled", False)
