"""RUN_DIR/spec.json as dataclasses. No torch here: the service checks a run with the same code before it queues it."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from training.trainer.dataclass_reader import read
from training.trainer.errors import BadSpec, Fault
from training.trainer.methods.options import METHODS, AdaLora, Options

VERSION = 1
ZERO = ("zero2", "zero3")
DTYPES = {"fp32": "float32", "fp64": "float64", "bf16": "bfloat16", "fp16": "float16"}
"""torch's name of each precision."""
MICRO_TOKENS = {"cpu": 1024, "cuda": 4096}
"""What a device is busy with for long enough; more takes memory and no less time."""


@dataclass(frozen=True)
class ModelSpec:
    path: str
    """Folder with a model: safetensors, or the GGUF file named below."""
    gguf_file: str | None = None
    """Name of a GGUF file inside the folder; its weights are dequantised once and cached."""
    template: str | None = None
    """Name of a chat template; none means the model's own."""
    adapter: str | None = None
    """Folder of an earlier result put on top of the model."""
    trust_remote_code: bool = False
    """Run Python code that comes with the model; only where an admin allowed it for this model."""


@dataclass(frozen=True)
class DataFile:
    path: str
    """JSONL, relative to RUN_DIR."""
    sha256: str | None = None
    """Checked before it is read."""
    weight: float = field(default=1.0, metadata={"low": 0})
    """Part in the mixture, see `mixing`."""


@dataclass(frozen=True)
class TrainConfig:
    epochs: float = field(default=3.0, metadata={"above": 0, "high": 1000})
    """Passes over the mixture."""
    max_steps: int | None = field(default=None, metadata={"low": 1})
    """Stop after this many optimizer steps."""
    batch_size: int = field(default=8, metadata={"low": 1, "high": 65536})
    """Rows in one optimizer step, over all processes."""
    accumulation: int | None = field(default=None, metadata={"low": 1})
    """Cut each step into this many passes; none means as many as `micro_tokens` asks for."""
    micro_tokens: int | None = field(default=None, metadata={"low": 1})
    """Tokens in one forward pass at most (a longer row goes alone); none means 1,024 on a CPU and 4,096 on a GPU. Lower
    it when memory is short."""
    max_length: int = field(default=2048, metadata={"low": 8})
    """Tokens in one row at most."""
    overlong: Literal["drop", "cut"] = "drop"
    """Longer rows are left out, or cut at the end; counted and listed both ways."""
    packing: Literal["auto", "on", "off"] = "auto"
    """Let rows share a pass without padding; they never see each other."""
    mixing: Literal["repeat", "share"] = "repeat"
    """A data weight says how often each row is seen in an epoch, or which share of an epoch the file makes."""
    curriculum: Literal["length", "difficulty"] | None = None
    """Go from short or easy rows to long or hard ones instead of in random order."""
    learning_rate: float | None = field(default=None, metadata={"low": 0, "high": 10})
    """Highest rate; none means the method's usual one."""
    schedule: Literal["cosine", "linear", "constant", "polynomial", "step", "plateau"] = "cosine"
    """How the rate falls after warm-up."""
    warmup_ratio: float = field(default=0.03, metadata={"low": 0, "high": 1})
    """Share of the steps in which the rate rises from 0."""
    warmup_steps: int | None = field(default=None, metadata={"low": 0})
    """The same in steps; goes before the ratio."""
    min_lr_ratio: float = field(default=0.0, metadata={"low": 0, "high": 1})
    """The rate ends at this share of the highest one."""
    power: float = field(default=1.0, metadata={"above": 0})
    """Exponent of the polynomial schedule."""
    decay_every: int | None = field(default=None, metadata={"low": 1})
    """Steps between two drops of the step schedule; none means a third of the run."""
    decay_factor: float = field(default=0.1, metadata={"above": 0, "high": 1})
    """What the rate is multiplied with at each drop of the step and plateau schedules."""
    plateau_patience: int = field(default=2, metadata={"low": 0})
    """Evaluations without improvement before the plateau schedule drops the rate."""
    beta1: float = field(default=0.9, metadata={"low": 0, "high": 0.9999999})
    beta2: float = field(default=0.999, metadata={"low": 0, "high": 0.9999999})
    eps: float = field(default=1e-8, metadata={"above": 0})
    weight_decay: float = field(default=0.01, metadata={"low": 0, "high": 1})
    """AdamW's decay of matrices; 0.01 to 0.1 is usual. Biases and norms are never decayed."""
    max_grad_norm: float | None = field(default=1.0, metadata={"above": 0})
    """Gradients are scaled down to this norm."""
    label_smoothing: float = field(default=0.0, metadata={"low": 0, "high": 0.5})
    """Probability given to all tokens alike in the training loss; never in the evaluation loss."""
    precision: Literal["fp32", "bf16", "fp16", "fp64"] = "fp32"
    """Arithmetic of the forward and backward pass; trained weights stay in fp32 (fp64)."""
    activation_checkpointing: bool = False
    """Compute activations twice instead of keeping them."""
    eval_every: int | None = field(default=None, metadata={"low": 1})
    """Steps between evaluations; none means at the end of each epoch."""
    patience: int | None = field(default=None, metadata={"low": 1})
    """Stop after this many evaluations without improvement."""
    min_delta: float = field(default=0.0, metadata={"low": 0})
    """What counts as an improvement of the evaluation loss."""
    save_every: int | None = field(default=None, metadata={"low": 1})
    """Steps between checkpoints; none means at each evaluation."""
    keep_last: int = field(default=2, metadata={"low": 1})
    """Checkpoints kept beside the best one."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where to train; auto takes a GPU when there is one."""
    sharding: Literal["none", "fsdp", "zero2", "zero3"] = "none"
    """How several processes (torchrun) share one model: each holds all of it; PyTorch's FSDP cuts weights, gradients
    and optimizer state over them; DeepSpeed ZeRO cuts all but the weights (zero2), or all (zero3)."""
    threads: int | None = field(default=None, metadata={"low": 1})
    """CPU threads; part of what makes a resumed run the same to the last bit."""


@dataclass(frozen=True)
class Decoding:
    max_new_tokens: int = field(default=256, metadata={"low": 1})
    do_sample: bool = False
    temperature: float = field(default=1.0, metadata={"above": 0})
    top_p: float = field(default=1.0, metadata={"above": 0, "high": 1})
    top_k: int = field(default=0, metadata={"low": 0})
    repetition_penalty: float = field(default=1.0, metadata={"above": 0})
    batch_size: int = field(default=16, metadata={"low": 1})
    """Rows answered at once."""


@dataclass(frozen=True)
class TrainSpec:
    model: ModelSpec
    data: tuple[DataFile, ...]
    eval_data: tuple[DataFile, ...] = ()
    config: TrainConfig = field(default_factory=TrainConfig)
    seed: int = field(default=0, metadata={"low": 0})
    method_name: str = "lora"
    method: Options = field(default_factory=METHODS["lora"])


@dataclass(frozen=True)
class GenerateSpec:
    model: ModelSpec
    items: str
    decoding: Decoding = field(default_factory=Decoding)
    seed: int = field(default=0, metadata={"low": 0})


@dataclass(frozen=True)
class PerplexitySpec:
    model: ModelSpec
    data: tuple[DataFile, ...]
    max_length: int = field(default=2048, metadata={"low": 8})
    micro_tokens: int = field(default=1024, metadata={"low": 1})


@dataclass(frozen=True)
class ExportSpec:
    model: ModelSpec


Task = Literal["train", "preflight", "generate", "perplexity", "export"]
TASKS: dict[str, type[TrainSpec | GenerateSpec | PerplexitySpec | ExportSpec]] = {
    "train": TrainSpec,
    "preflight": TrainSpec,
    "generate": GenerateSpec,
    "perplexity": PerplexitySpec,
    "export": ExportSpec,
}


@dataclass(frozen=True)
class Spec:
    task: str
    body: TrainSpec | GenerateSpec | PerplexitySpec | ExportSpec
    fence: int = 0
    """The lease's fencing token; written into the lock of RUN_DIR."""
    cache: str | None = None
    """Folder for dequantised weights and prepared rows; none means `cache` beside RUN_DIR."""
    raw: Mapping[str, Any] = field(default_factory=dict)


def load_spec(run_dir: Path) -> Spec:
    """Raises BadSpec with every fault found."""
    try:
        raw = json.loads((run_dir / "spec.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadSpec([Fault("spec.json", f"is missing in {run_dir}")]) from None
    except (OSError, ValueError) as problem:
        raise BadSpec([Fault("spec.json", f"cannot be read: {problem}")]) from None
    spec, faults = parse_spec(raw)
    if isinstance(raw, dict):
        faults += missing_paths(raw, run_dir)
        faults += missing_parts(raw)
    if faults or spec is None:
        raise BadSpec(faults)
    return spec


def parse_spec(raw: object) -> tuple[Spec | None, list[Fault]]:
    """The spec, or None, and every fault that can be seen without looking at files."""
    if not isinstance(raw, dict):
        return None, [Fault("spec", "must be an object")]
    faults: list[Fault] = []
    if raw.get("version") != VERSION:
        faults.append(Fault("version", f"must be {VERSION}, not {raw.get('version')!r}"))
    task = raw.get("task")
    if task not in TASKS:
        return None, [*faults, Fault("task", f"must be one of {', '.join(TASKS)}, not {task!r}")]
    body = dict(raw)
    outer = {name: body.pop(name, None) for name in ("version", "task", "fence", "cache")}
    for name, kind in (("fence", int), ("cache", str)):
        if outer[name] is not None and not isinstance(outer[name], kind):
            faults.append(Fault(name, f"must be {kind.__name__}, not {outer[name]!r}"))
    if TASKS[task] is TrainSpec:
        body |= _method(body.pop("method", None), faults)
    options = body.pop("method_options", None)
    parsed = read(TASKS[task], {k: v for k, v in body.items() if v is not None}, "", faults)
    if isinstance(parsed, TrainSpec):
        parsed = _with_method(parsed, options)
        faults += contradictions(parsed) if parsed else []
    if faults or parsed is None:
        return None, faults
    return Spec(task, parsed, fence=outer["fence"] or 0, cache=outer["cache"], raw=raw), faults


def read_method(raw: object, faults: list[Fault]) -> tuple[str, Options] | None:
    """`{name, …options}` as the options of that method, or None after a fault."""
    if not isinstance(raw, Mapping) or raw.get("name") not in METHODS:
        name = raw.get("name") if isinstance(raw, Mapping) else raw
        faults.append(Fault("method.name", f"must be one of {', '.join(METHODS)}, not {name!r}"))
        return None
    options = read(METHODS[raw["name"]], {k: v for k, v in raw.items() if k != "name"}, "method", faults)
    return (raw["name"], options) if options is not None else None


def contradictions(spec: TrainSpec) -> list[Fault]:
    """Settings that are each allowed but not together."""
    config, method = spec.config, spec.method
    faults = []
    if not spec.data:
        faults.append(Fault("data", "names no file"))
    elif not any(file.weight > 0 for file in spec.data):
        faults.append(Fault("data", "gives every file the weight 0"))
    if config.packing == "on" and method.passes != "inject":
        faults.append(Fault("config.packing", f"cannot be on with {spec.method_name}: its rows would see each other"))
    if config.activation_checkpointing and method.passes == "prefix":
        faults.append(Fault("config.activation_checkpointing", f"does not work with {spec.method_name}"))
    for name in ("patience",):
        if getattr(config, name) is not None and not spec.eval_data:
            faults.append(Fault(f"config.{name}", "needs eval_data"))
    if config.schedule == "plateau" and not spec.eval_data:
        faults.append(Fault("config.schedule", "plateau needs eval_data"))
    if config.accumulation is not None and config.accumulation > config.batch_size:
        faults.append(Fault("config.accumulation", f"is more than the {config.batch_size} rows of a step"))
    if config.sharding != "none":
        faults += _sharding(spec)
    if isinstance(method, AdaLora):
        faults += _adalora(method)
    return faults


def missing_paths(raw: Mapping[str, Any], run_dir: Path) -> list[Fault]:
    """Looks at every path that is given, whatever else is wrong with the spec."""
    model = raw.get("model")
    faults = _missing_model(model) if isinstance(model, Mapping) else []
    files = [("items", raw.get("items"))]
    for name in ("data", "eval_data"):
        listed = raw.get(name)
        for i, file in enumerate(listed if isinstance(listed, list) else ()):
            files.append((f"{name}[{i}].path", file.get("path") if isinstance(file, Mapping) else None))
    for name, path in files:
        if isinstance(path, str) and not (run_dir / path).is_file():
            faults.append(Fault(name, f"there is no file {path}"))
    return faults


def missing_parts(raw: Mapping[str, Any]) -> list[Fault]:
    """What a sharded run needs of the place where it runs."""
    config = raw.get("config")
    sharding = config.get("sharding") if isinstance(config, Mapping) else None
    faults = []
    if raw.get("task") == "train" and sharding in ("fsdp", *ZERO) and os.environ.get("WORLD_SIZE", "1") == "1":
        message = f"{sharding} needs more than one process: start the trainer with torchrun --nproc-per-node=N"
        faults.append(Fault("config.sharding", message))
    if sharding in ZERO and find_spec("deepspeed") is None:
        faults.append(Fault("config.sharding", f"{sharding} needs DeepSpeed: pip install deepspeed, or take fsdp"))
    return faults


def _missing_model(model: Mapping[str, Any]) -> list[Fault]:
    path, gguf, adapter = model.get("path"), model.get("gguf_file"), model.get("adapter")
    faults = []
    if isinstance(adapter, str) and not Path(adapter).is_dir():
        faults.append(Fault("model.adapter", f"there is no folder {adapter}"))
    if not isinstance(path, str):
        return faults
    folder = Path(path)
    if not folder.is_dir():
        faults.append(Fault("model.path", f"there is no folder {folder}"))
    elif isinstance(gguf, str) and not (folder / gguf).is_file():
        faults.append(Fault("model.gguf_file", f"there is no file {gguf} in {folder}"))
    elif not gguf and not (folder / "config.json").is_file():
        faults.append(Fault("model.path", f"{folder} holds no model: config.json is missing"))
    return faults


def _method(raw: object, faults: list[Fault]) -> dict[str, Any]:
    chosen = read_method(raw, faults)
    return {"method_name": chosen[0], "method_options": chosen[1]} if chosen else {}


def _with_method(spec: TrainSpec, options: Options | None) -> TrainSpec | None:
    if options is None:
        return None
    values = {name: getattr(spec, name) for name in TrainSpec.__dataclass_fields__}
    return TrainSpec(**(values | {"method": options}))


def _sharding(spec: TrainSpec) -> list[Fault]:
    sharding, precision = spec.config.sharding, spec.config.precision
    faults = []
    if isinstance(spec.method, AdaLora) or spec.method.quantised:
        reason = f"{sharding} does not work with {spec.method_name}, which needs its matrices whole"
        faults.append(Fault("config.sharding", reason))
    if precision == "fp16" or (precision == "fp64" and sharding in ZERO):
        faults.append(Fault("config.precision", f"{precision} does not work with {sharding}: take bf16 or fp32"))
    return faults


def _adalora(method: AdaLora) -> list[Fault]:
    faults = []
    if method.target_r > method.init_r:
        faults.append(Fault("method.target_r", f"is more than init_r, {method.init_r}"))
    if method.warmup_share + method.final_share >= 1:
        faults.append(Fault("method.final_share", "with warmup_share leaves no step for the ranks to fall"))
    return faults
