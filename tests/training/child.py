"""A child that keeps the trainer's manners and does what its spec says; run as a program by the supervisor's tests."""

import json
import os
import signal
import sys
import time
from pathlib import Path

run_dir = Path(sys.argv[1])
wanted = run_dir / "child.json"
wishes = json.loads(wanted.read_text()) if wanted.exists() else {}
asked: list[int] = []
signal.signal(signal.SIGTERM, signal.SIG_IGN if wishes.get("deaf") else lambda number, _: asked.append(number))


def send(kind: str, **fields: object) -> None:
    with (run_dir / "events.jsonl").open("a") as file:
        file.write(json.dumps({"v": 1, "time": time.time(), "type": kind, "pid": os.getpid(), **fields}) + "\n")


(run_dir / "lock").write_text(json.dumps({"pid": wishes.get("taken_by", os.getpid()), "fence": 1}))
print("hello from the child", flush=True)
send("start")
for step in range(wishes.get("steps", 3)):
    send("train", step=step, loss=1.0)
    time.sleep(wishes.get("pause", 0.01))
    if not wishes.get("deaf") and (asked or (run_dir / "cancel").exists()):
        send("checkpoint", step=step)
        sys.exit(75)
if wishes.get("says"):
    (run_dir / "result.json").write_text(json.dumps(wishes["says"]))
if wishes.get("error"):
    send("error", code="boom", message="It went wrong.")
if wishes.get("error") or wishes.get("exit"):
    sys.exit(wishes.get("exit", 1))
if wishes.get("die"):
    os.kill(os.getpid(), signal.SIGKILL)
(run_dir / "adapter").mkdir(exist_ok=True)
(run_dir / "adapter" / "adapter_model.safetensors").write_bytes(b"weights")
(run_dir / "result.json").write_text(
    json.dumps({"status": "done", "adapter": "adapter", "environment": sorted(os.environ)})
)
