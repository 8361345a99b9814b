"""The task `preflight`: what a run would learn from, and what one real worst-case step of it costs."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from training.trainer.checkpoints import Checkpoints
from training.trainer.events import Events, NoEvents
from training.trainer.loop import Loop
from training.trainer.memory import available_mb, peak_since_reset_mb, reset_peak, rss_mb
from training.trainer.plan import passes
from training.trainer.ranks import Ranks
from training.trainer.run_dir import RunDir
from training.trainer.spec import Spec, TrainSpec
from training.trainer.training_task import Prepared, load_for_training, make_loop, prepare_run, use_device

SHOWN = 5
RESERVE = 1.1
"""Memory is asked for with this factor: other rows and the allocator need some too."""


def preflight(run_dir: RunDir, spec: Spec, events: Events, cache: Path) -> dict[str, Any]:
    body = spec.body
    assert isinstance(body, TrainSpec)
    sharded = body.config.sharding != "none"
    body = replace(body, config=replace(body.config, sharding="none"))
    device, body = use_device(body)
    events.send("start", task=spec.task, fence=spec.fence)
    ready = prepare_run(run_dir, body, events, cache)
    base = load_for_training(body, ready.source, device)
    saves = Checkpoints(run_dir.path / "checkpoints", body.config.keep_last)
    loop = make_loop(run_dir=run_dir, body=body, ready=ready, base=base, events=NoEvents(), ranks=Ranks(), saves=saves)
    worst = worst_step(ready, loop)
    reset_peak()
    held, free = rss_mb(), available_mb()
    started = time.monotonic()
    loop.step(worst)
    seconds = time.monotonic() - started
    return {
        "rows": _first_rows(ready),
        "counts": ready.rows.counts() | {"steps": ready.plan.steps, "steps_per_epoch": ready.plan.steps_per_epoch},
        "eval_counts": ready.eval_rows.counts() if ready.eval_rows else None,
        "trainable_parameters": sum(p.numel() for p in loop.placement.parameters),
        "memory": _memory(device, held, free, sharded=sharded),
        "time": _time(loop, ready, worst, seconds),
    }


def worst_step(ready: Prepared, loop: Loop) -> Any:
    """The rows of the step with the largest pass in the first epoch."""
    lengths, config = ready.rows.lengths, loop.config

    def largest(rows: Any) -> int:
        groups = passes(rows, lengths, config, padded=loop.padded)
        return max(int(lengths[g].max()) * len(g) if loop.padded else int(lengths[g].sum()) for g in groups)

    steps = zip(range(ready.plan.steps_per_epoch), ready.plan.step_rows(), strict=False)
    return max((rows for _, rows in steps), key=largest)


def _first_rows(ready: Prepared) -> list[dict[str, Any]]:
    shown = []
    for i in range(min(SHOWN, len(ready.rows))):
        ids, learnt = ready.rows.row(i)
        shown.append({"id": ready.rows.ids[i], "tokens": ready.chat.spans(ids.tolist(), learnt.tolist())})
    return shown


def _memory(device: str, held: float, free: float, *, sharded: bool) -> dict[str, Any]:
    """The step was tried in one process: one that needs less, since others hold a part, is not refused for it."""
    if device == "cuda":
        import torch

        peak, room = torch.cuda.max_memory_allocated() / 2**20, torch.cuda.get_device_properties(0).total_memory / 2**20
    else:
        peak, room = peak_since_reset_mb(), held + free
    fits = sharded or peak * RESERVE <= room
    need = f"A step needs about {peak * RESERVE:,.0f} MB and {room:,.0f} MB are there"
    reason = "" if fits else f"{need}: lower micro_tokens or max_length."
    return {"peak_mb": round(peak, 1), "available_mb": round(room, 1), "fits": fits, "reason": reason}


def _time(loop: Loop, ready: Prepared, worst: Any, seconds: float) -> dict[str, Any]:
    lengths = ready.rows.lengths
    planned = sum(int(lengths[rows].sum()) for rows in ready.plan.step_rows())
    rate = int(lengths[worst].sum()) / seconds
    return {
        "worst_step_seconds": round(seconds, 3),
        "tokens_per_s": round(rate, 1),
        "planned_tokens": planned,
        "seconds": round(planned / rate, 3),
    }
