"""python -m training.trainer RUN_DIR. Exit 0 done, 75 stopped and resumable, 2 bad spec, 1 failed.

A launcher of several processes has an exit code of its own: then result.json says how they ended, and there is none
when one of them was lost.
"""

import os
import sys
import traceback
from pathlib import Path
from typing import Any

from training.trainer.errors import BadSpec, Stopped, TrainerError
from training.trainer.events import Events, NoEvents
from training.trainer.files import write_json
from training.trainer.ranks import Ranks
from training.trainer.run_dir import RunDir
from training.trainer.spec import Spec, load_spec
from training.trainer.threads import WAITING

DONE, FAILED, BAD_SPEC, STOPPED = 0, 1, 2, 75
MEMORY_SIGNS = ("can't allocate memory", "out of memory", "not enough memory", "Cannot allocate memory")


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or not Path(arguments[0]).is_dir():
        print("usage: python -m training.trainer RUN_DIR (a folder with spec.json)", file=sys.stderr)
        return BAD_SPEC
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    for name, value in WAITING.items():
        os.environ.setdefault(name, value)
    run_dir, ranks = RunDir(Path(arguments[0])), Ranks()
    run_dir.listen()
    ranks.die_with_launcher()
    return _guarded(run_dir, ranks)


def _guarded(run_dir: RunDir, ranks: Ranks) -> int:
    events: Events = NoEvents()
    try:
        spec, faults = _spec(run_dir)
        if ranks.first:
            run_dir.take(spec.fence if spec else 0)
            events = Events(run_dir.path / "events.jsonl")
        if spec is None:
            return _bad_spec(run_dir, events, faults)
        result = _task(run_dir, spec, events, ranks)
    except Stopped:
        events.send("stopped")
        return _end(run_dir, ranks, {"status": "stopped"}, STOPPED)
    except TrainerError as problem:
        return _failed(run_dir, ranks, events, problem)
    except Exception as problem:
        traceback.print_exc()
        if ranks.lost_another(problem):
            return FAILED
        return _failed(run_dir, ranks, events, _explained(problem))
    _end(run_dir, ranks, {"status": "done", "task": spec.task, "fence": spec.fence} | result, DONE)
    events.send("done")
    ranks.stop()
    return DONE


def _spec(run_dir: RunDir) -> tuple[Spec | None, BadSpec | None]:
    try:
        return load_spec(run_dir.path), None
    except BadSpec as problem:
        return None, problem


def _task(run_dir: RunDir, spec: Spec, events: Events, ranks: Ranks) -> dict[str, Any]:
    from training.trainer import tasks

    cache = Path(spec.cache) if spec.cache else run_dir.path.parent / "cache"
    return tasks.run(run_dir, spec, events, cache, ranks)


def _bad_spec(run_dir: RunDir, events: Events, problem: BadSpec | None) -> int:
    faults = problem.faults if problem else ()
    for fault in faults:
        events.send("error", code="bad_spec", field=fault.field, message=str(fault))
        print(fault, file=sys.stderr)
    errors = [{"field": fault.field, "reason": fault.reason} for fault in faults]
    write_json(run_dir.path / "result.json", {"status": "bad_spec", "errors": errors})
    return BAD_SPEC


def _failed(run_dir: RunDir, ranks: Ranks, events: Events, problem: TrainerError) -> int:
    print(problem.message, file=sys.stderr)
    if problem.code in ("locked", "fenced"):
        return FAILED
    error = {"code": problem.code, "message": problem.message} | ({"rows": problem.rows} if problem.rows else {})
    events.send("error", **error)
    return _end(run_dir, ranks, {"status": "failed", "error": error}, FAILED)


def _end(run_dir: RunDir, ranks: Ranks, result: dict[str, Any], code: int) -> int:
    if ranks.first or code == FAILED:  # which may have failed alone, so that no other knows why
        write_json(run_dir.path / "result.json", result)
    return code


def _explained(problem: Exception) -> TrainerError:
    if isinstance(problem, MemoryError) or any(sign in str(problem) for sign in MEMORY_SIGNS):
        return TrainerError(
            "out_of_memory",
            "There was not enough memory: lower config.micro_tokens or config.max_length, or switch "
            "config.activation_checkpointing on.",
        )
    return TrainerError("internal", f"{type(problem).__name__}: {problem}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
