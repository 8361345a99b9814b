"""The task `train`, from the spec to an adapter and its result; `preflight` starts the same way."""

import os
import platform
import shutil
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from training.trainer import kernels
from training.trainer.base_model import Source, load_base, load_chat, locate
from training.trainer.chat import Chat
from training.trainer.checkpoints import Checkpoints, load_weights
from training.trainer.errors import TrainerError
from training.trainer.evaluation import EvalFile, eval_files, evaluate, send_score
from training.trainer.events import Events
from training.trainer.loop import Loop, State
from training.trainer.memory import gpu_mb, peak_rss_mb
from training.trainer.methods.build import Setting, build_model
from training.trainer.methods.options import Full, Qlora
from training.trainer.placement.choice import placed
from training.trainer.plan import Part, Plan
from training.trainer.ranks import Ranks
from training.trainer.result_card import write_card
from training.trainer.rows import Options, Rows, join, prepared
from training.trainer.run_dir import RunDir
from training.trainer.spec import DTYPES, MICRO_TOKENS, ZERO, DataFile, Spec, TrainSpec
from training.trainer.tuned import Tuned

ADAPTER = "adapter"


@dataclass
class Prepared:
    source: Source
    chat: Chat
    rows: Rows
    eval_rows: Rows | None
    eval_files: tuple[EvalFile, ...]
    plan: Plan


def train(run_dir: RunDir, spec: Spec, events: Events, cache: Path, ranks: Ranks) -> dict[str, Any]:
    body = spec.body
    assert isinstance(body, TrainSpec)
    started = time.monotonic()
    device, body = use_device(body)
    ranks.start(device)
    ready = prepare_run(run_dir, body, events, cache)
    base = load_for_training(body, ready.source, device)
    saves = Checkpoints(run_dir.path / "checkpoints", body.config.keep_last) if ranks.first else None
    ranks.wait()
    saves = saves or Checkpoints(run_dir.path / "checkpoints", body.config.keep_last)
    found = saves.newest()
    base_loss = None
    if found is None and ready.eval_rows is not None:
        untuned = plain(base)
        placed(untuned, body, ranks)
        base_loss = evaluate(untuned, ready.eval_rows, ready.eval_files, body.config, ranks)
        send_score(events, 0, base_loss)
        if untuned.root is not None:
            base = load_for_training(body, ready.source, device)
    loop = make_loop(run_dir=run_dir, body=body, ready=ready, base=base, events=events, ranks=ranks, saves=saves)
    if found is not None:
        loop.resume(found)
    elif base_loss is not None:
        loop.state.base_eval_loss = base_loss.loss
    events.send(
        "start",
        task=spec.task,
        pid=os.getpid(),
        fence=spec.fence,
        resumed_from=found.step if found else None,
        exact=loop.state.exact,
        steps=ready.plan.steps,
        trainable_parameters=sum(p.numel() for p in loop.placement.parameters),
        versions=versions(),
        **ready.rows.counts(),
    )
    state = loop.run()
    if ranks.first:
        save_adapter(run_dir.path, finished(loop, ready, saves), body.method_name, ready)
    return _result(body=body, loop=loop, ready=ready, state=state, device=device, seconds=time.monotonic() - started)


def use_device(body: TrainSpec) -> tuple[str, TrainSpec]:
    """Where to train, and the spec with what it leaves to the device."""
    import torch

    if body.config.threads:
        torch.set_num_threads(body.config.threads)
    there = torch.cuda.is_available()
    if body.config.device == "cuda" and not there:
        raise TrainerError("no_device", "The run asks for a GPU and this machine has none.")
    device = "cuda" if there and body.config.device != "cpu" else "cpu"
    if body.config.micro_tokens is None:
        body = replace(body, config=replace(body.config, micro_tokens=MICRO_TOKENS[device]))
    if device == "cuda":
        repeat_itself()
    return device, body


def repeat_itself() -> None:
    """A GPU takes only algorithms that give the same bits each time."""
    import torch

    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # one of those with which cuBLAS repeats itself
    torch.use_deterministic_algorithms(mode=True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # torch makes it at run time


def prepare_run(run_dir: RunDir, body: TrainSpec, events: Events, cache: Path) -> Prepared:
    source = locate(body.model, cache)
    chat = load_chat(source)
    options = Options(max_length=body.config.max_length, overlong=body.config.overlong)

    def read(files: tuple[DataFile, ...]) -> list[Rows]:
        tables = []
        for done, file in enumerate(files, 1):
            tables.append(prepared(run_dir.path, file, chat, options, cache))
            events.progress("rows", done, len(files))
        return tables

    tables = read(body.data)
    rows = join(tables)
    if not len(rows):
        raise TrainerError(
            "no_supervised_tokens", _nothing_left(rows), rows=[row for ids in rows.dropped.values() for row in ids][:50]
        )
    starts = [0]
    for table in tables:
        starts.append(starts[-1] + len(table))
    parts = [Part(at, len(t), file.weight) for at, t, file in zip(starts, tables, body.data, strict=False)]
    eval_tables = read(body.eval_data)
    eval_rows = join(eval_tables) if eval_tables else None
    if eval_rows is not None and not len(eval_rows):
        raise TrainerError("no_supervised_tokens", "No evaluation row has tokens to be scored.")
    plan = Plan(tuple(parts), rows.lengths, rows.difficulty, body.config, body.seed)
    if not plan.rows_per_epoch:
        raise TrainerError("no_rows", "The data weights are so small that no row is left in an epoch: raise them.")
    return Prepared(source, chat, rows, eval_rows, eval_files(body.eval_data, eval_tables), plan)


def load_for_training(body: TrainSpec, source: Source, device: str) -> Any:
    """Frozen weights in the precision of the arithmetic; weights to be trained in full, and all that DeepSpeed cuts,
    which knows one kind of number. What will be cut stays beside the device until then."""
    in_full = (isinstance(body.method, Full) and body.config.precision != "fp64") or body.config.sharding in ZERO
    four_bit = isinstance(body.method, Qlora)
    if source.adapter:
        raise TrainerError("adapter_as_base", "A run starts from a model, not from an adapter: export it merged first.")
    base = load_base(
        source,
        dtype="float32" if in_full else DTYPES[body.config.precision],
        device=device if body.config.sharding == "none" else "cpu",
        four_bit=four_bit,
        double_quant=getattr(body.method, "double_quant", True),
    )
    kernels.apply_liger(base, device, body.config)
    if body.config.activation_checkpointing:
        base.activation_checkpointing_enable({"use_reentrant": False})
    return base


def finished(loop: Loop, ready: Prepared, saves: Checkpoints) -> Tuned:
    """With the weights of the best evaluation, else of the last step. What lies in shards is put together again from
    its checkpoint, on a base of this process's own."""
    step, tuned = loop.state.best_step or loop.state.step, loop.tuned
    if tuned.root is not None:
        tuned = with_method(loop.spec, load_for_training(loop.spec, ready.source, "cpu"), ready)
    if tuned is not loop.tuned or step != loop.state.step:
        load_weights(saves.at(step), tuned.trained())
    return tuned


def plain(base: Any) -> Tuned:
    return Tuned(model=base, core=base, options=Full())


def make_loop(
    *, run_dir: RunDir, body: TrainSpec, ready: Prepared, base: Any, events: Events, ranks: Ranks, saves: Checkpoints
) -> Loop:
    tuned = with_method(body, base, ready)
    return Loop(
        spec=body,
        tuned=tuned,
        rows=ready.rows,
        eval_rows=ready.eval_rows,
        eval_files=ready.eval_files,
        plan=ready.plan,
        ranks=ranks,
        placement=placed(tuned, body, ranks),
        events=events,
        saves=saves,
        must_stop=run_dir.must_stop,
        environment=environment(ranks),
    )


def with_method(body: TrainSpec, base: Any, ready: Prepared) -> Tuned:
    setting = Setting(steps=ready.plan.steps, tokenizer=ready.chat.tokenizer, seed=body.seed)
    tuned = build_model(base, body.method_name, body.method, setting)
    _widen(tuned, body)
    return tuned


def environment(ranks: Ranks) -> dict[str, Any]:
    """What a resumed run must find again to be the same to the last bit."""
    import torch

    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else None
    return {
        "processor": model,
        "gpu": gpu,
        "threads": torch.get_num_threads(),
        "world": ranks.world,
        "versions": versions(),
    }


def versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {name: version(name) for name in ("torch", "transformers", "peft")}


def save_adapter(folder: Path, tuned: Tuned, method: str, ready: Prepared) -> None:
    """Whole or absent, with the tokenizer, the template and when to stop."""
    beside = folder / f".{ADAPTER}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    tuned.save(beside)
    write_card(beside, method, ready.source)
    write_serving_files(beside, tuned.core, ready.chat)
    shutil.rmtree(folder / ADAPTER, ignore_errors=True)
    beside.rename(folder / ADAPTER)


def write_serving_files(folder: Path, core: Any, chat: Chat) -> None:
    chat.tokenizer.chat_template = chat.template
    chat.tokenizer.save_pretrained(folder)
    settings = core.generation_config
    settings.eos_token_id = sorted({*_as_list(settings.eos_token_id), *chat.stop_ids})
    settings.pad_token_id = settings.pad_token_id if settings.pad_token_id is not None else settings.eos_token_id[0]
    settings.save_pretrained(folder)


def _as_list(ids: int | list[int] | None) -> list[int]:
    return [] if ids is None else [ids] if isinstance(ids, int) else list(ids)


def _widen(tuned: Tuned, body: TrainSpec) -> None:
    """Trained weights are kept in full precision whatever the arithmetic."""
    import torch

    kind = torch.float64 if body.config.precision == "fp64" else torch.float32
    for parameter in tuned.trained().values():
        parameter.data = parameter.data.to(kind)


def _nothing_left(rows: Rows) -> str:
    reasons = ", ".join(f"{len(ids)} {reason.replace('_', ' ')}" for reason, ids in rows.dropped.items())
    return f"No training row is left that has supervised tokens ({reasons or 'the files are empty'})."


def _result(
    *, body: TrainSpec, loop: Loop, ready: Prepared, state: State, device: str, seconds: float
) -> dict[str, Any]:
    return {
        "adapter": ADAPTER,
        "method": body.method_name,
        "base_eval_loss": state.base_eval_loss,
        "eval_loss": state.eval_loss,
        "best_step": state.best_step,
        "train_loss": state.loss_sum / state.weight_sum,
        "steps": state.step,
        "planned_steps": ready.plan.steps,
        "tokens": state.tokens,
        "supervised_tokens": state.supervised_tokens,
        "trainable_parameters": sum(p.numel() for p in loop.placement.parameters),
        "parameters": sum(p.numel() for p in loop.tuned.core.parameters()),
        "data": ready.rows.counts(),
        "exact": state.exact,
        "packed": not loop.padded,
        "device": device,
        "processes": loop.ranks.world,
        "sharding": body.config.sharding,
        "kernels": kernels.used(loop.tuned, device, body.config),
        "versions": versions(),
        "seconds": round(seconds, 3),
        "train_seconds": round(state.seconds, 3),
        "tokens_per_s": round(state.tokens / state.seconds, 1) if state.seconds else None,
        "peak_rss_mb": peak_rss_mb(),
        **gpu_mb(),
    }
