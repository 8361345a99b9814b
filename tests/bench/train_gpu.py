"""Training speed and memory on a GPU beside TRL: a Llama of 1.2 billion random weights in bf16, on real Alpaca rows.

    python -m tests.bench.train_gpu [--systems ours,trl,…] [--cases lora,full] [--tokenizer FOLDER]

Ours lays the rows of a step end to end; TRL packs them (best fit decreasing) into rows of 2,048 tokens, as many to a
step, with FlashAttention as PyTorch ships it, without and with Liger's kernels, which ours takes where they are there.
Rates are those of the steps after the first three. MFU is the work of `tests.bench.train` over the card's bf16 rate: as
its maker states it, and as a large product reaches it here. One JSON line for each case.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.data import instruction_rows
from tests.bench.train import CACHE, RATE, ROOT, SEED, Json, model, work

SHAPE: Json = {
    "hidden_size": 2048,
    "intermediate_size": 8192,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 64,
    "vocab_size": 128_256,
    "rope_parameters": {"rope_type": "default", "rope_theta": 500_000.0},
    "tie_word_embeddings": True,
}
BATCH, EPOCHS, WARM, PACKED, PACKED_ROWS = 128, 2, 3, 2048, 13
STATED_TFLOPS = 989.4
"""Dense bf16 of the H100 and H200 (SXM), NVIDIA's data sheet."""
SYSTEMS = ["ours", "trl-packed", "trl-packed-liger"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--cases", default="lora,full")
    parser.add_argument("--tokenizer", type=Path, help="folder with tokenizer and template; SmolLM2's if not given")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    import torch

    if not torch.cuda.is_available():
        raise SystemExit("this machine has no GPU that torch can use")
    if arguments.child:
        return trl(arguments.child)
    with tempfile.TemporaryDirectory() as folder:
        base = random_model(Path(folder) / "model", arguments.tokenizer)
        for case in arguments.cases.split(","):
            method: Json = {"name": "lora", "r": 16, "alpha": 32} if case == "lora" else {"name": "full"}
            line: Json = {"bench": "train_gpu", "case": case, "gpu": torch.cuda.get_device_name()}
            line["product_tflops"] = round(product_rate(), 1)
            found = {name: system(name, Path(folder), base, method) for name in arguments.systems.split(",")}
            own = found["ours"]
            flop_per_token = own.pop("work") / own.pop("all_tokens")
            for each in found.values():
                rate = each["tokens_per_s"] * flop_per_token / 1e12
                each["mfu_stated"], each["mfu_product"] = (
                    round(rate / top, 3) for top in (STATED_TFLOPS, line["product_tflops"])
                )
            print(json.dumps(line | {"systems": found}), flush=True)
    return 0


def random_model(folder: Path, tokenizer: Path | None) -> Path:
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    from training.trainer.base_model import locate
    from training.trainer.spec import ModelSpec

    torch.manual_seed(SEED)
    with torch.device("cuda"):
        made = LlamaForCausalLM(LlamaConfig(**SHAPE, dtype="bfloat16")).bfloat16()
    made.save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokenizer or locate(ModelSpec(**model()), CACHE).folder).save_pretrained(folder)
    return folder


def product_rate() -> float:
    """TFLOP/s of a bf16 product of 8,192 by 8,192 random numbers: the median of fifty, after ten."""
    import torch

    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    times = []
    for _ in range(60):
        started, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        started.record()
        torch.mm(a, b)
        ended.record()
        torch.cuda.synchronize()
        times.append(started.elapsed_time(ended) / 1e3)
    return 2 * 8192**3 / statistics.median(times[10:]) / 1e12


def system(name: str, folder: Path, base: Path, method: Json) -> Json:
    run = folder / f"{name}-{method['name']}"
    run.mkdir()
    rows = instruction_rows("en")
    (run / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    found = ours(run, base, method) if name == "ours" else peer(name, run, base, method)
    print(json.dumps({name: found}), file=sys.stderr, flush=True)
    return found


def ours(run: Path, base: Path, method: Json) -> Json:
    config = {
        "epochs": EPOCHS,
        "batch_size": BATCH,
        "micro_tokens": 1 << 15,
        "learning_rate": RATE,
        "precision": "bf16",
    }
    config |= {"schedule": "constant", "warmup_ratio": 0.0, "save_every": 10_000}
    spec = {"version": 1, "task": "train", "model": {"path": str(base)}, "data": [{"path": "train.jsonl"}]}
    spec |= {"method": method, "config": config, "seed": SEED, "cache": str(run / "cache")}
    (run / "spec.json").write_text(json.dumps(spec))
    finished([sys.executable, "-m", "training.trainer", str(run)])
    result = json.loads((run / "result.json").read_text())
    steps = [e for e in map(json.loads, (run / "events.jsonl").read_text().splitlines()) if e["type"] == "train"]
    tokens = [now["tokens"] - before["tokens"] for before, now in zip(steps[WARM - 1 :], steps[WARM:], strict=False)]
    seconds = sum(n / step["tokens_per_s"] for n, step in zip(tokens, steps[WARM:], strict=True))
    return {
        "tokens_per_s": round(sum(tokens) / seconds, 1),
        "peak_gpu_mb": result["gpu_mb"],
        "first_step_s": round(steps[0]["tokens"] / steps[0]["tokens_per_s"], 2),
        "losses": [round(step["loss"], 4) for step in steps],
        "kernels": result["kernels"],
        "work": work(result, base / "config.json"),
        "all_tokens": result["tokens"],
    }


def peer(name: str, run: Path, base: Path, method: Json) -> Json:
    """The same token ids and supervised places."""
    from training.trainer.base_model import load_chat, locate
    from training.trainer.records import to_record
    from training.trainer.rows import Options, prepare
    from training.trainer.spec import ModelSpec

    lines = (run / "train.jsonl").read_text(encoding="utf-8").splitlines()
    records = [to_record(json.loads(line), str(i)) for i, line in enumerate(lines)]
    rows = prepare(records, load_chat(locate(ModelSpec(path=str(base)), run)), Options(max_length=PACKED))
    content = [[part.tolist() for part in rows.row(i)] for i in range(len(rows))]
    job = run / "job.json"
    job.write_text(json.dumps({"name": name, "folder": str(base), "method": method, "rows": content}))
    out = finished([sys.executable, "-m", "tests.bench.train_gpu", "--child", str(job)])
    measured: Json = json.loads(out.splitlines()[-1])
    return measured


def finished(command: list[str]) -> str:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "TRL_EXPERIMENTAL_SILENCE": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stdout[-2000:] + ended.stderr[-4000:])
    return ended.stdout


def trl(job: Path) -> int:
    """One TRL run in a process of its own."""
    import torch
    from peft import LoraConfig
    from transformers import AttentionInterface, AutoModelForCausalLM

    from tests.bench.trl_run import trained

    setting = json.loads(job.read_text())
    AttentionInterface.register("packed_rows", packed_rows)
    full = setting["method"]["name"] == "full"
    kind = torch.float32 if full else torch.bfloat16
    base = AutoModelForCausalLM.from_pretrained(setting["folder"], dtype=kind, attn_implementation="packed_rows")
    options = None if full else LoraConfig(task_type="CAUSAL_LM", r=16, lora_alpha=32, target_modules="all-linear")
    own = settings(setting["name"], str(job.with_suffix("")))
    steps = trained(base, setting["rows"], setting["folder"], own, peft_config=options)
    measured = {
        "tokens_per_s": round(sum(steps.tokens[WARM : len(steps.seconds)]) / sum(steps.seconds[WARM:]), 1),
        "peak_gpu_mb": round(torch.cuda.max_memory_allocated() / 2**20, 1),
        "first_step_s": round(steps.seconds[0], 2),
        "losses": [round(loss, 4) for loss in steps.losses],
    }
    print(json.dumps(measured))
    return 0


def packed_rows(module: Any, query: Any, key: Any, value: Any, _mask: Any, **said: Any) -> tuple[Any, None]:
    """What `flash_attention_2` does with packed rows, its cast included, by the same kernels as PyTorch ships them."""
    import torch
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (tensor[0].transpose(0, 1).to(torch.bfloat16) for tensor in (query, key, value))
    ends, longest = said["cu_seq_lens_q"], said["max_length_q"]
    seen = varlen_attn(
        q, k, v, ends, ends, longest, longest, scale=said["scaling"], window_size=(-1, 0), enable_gqa=True
    )
    return seen[None], None


def settings(name: str, folder: str) -> Json:
    return {
        "output_dir": folder,
        "per_device_train_batch_size": PACKED_ROWS,
        "num_train_epochs": EPOCHS,
        "learning_rate": RATE,
        "bf16": True,
        "packing": True,
        "max_length": PACKED,
        "use_liger_kernel": name.endswith("liger"),
        "seed": SEED,
    }


if __name__ == "__main__":
    sys.exit(main())
