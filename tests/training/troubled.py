"""Under torchrun: the trainer, whose second process meets what trouble.json has for this attempt at its 26th step."""

import itertools
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from training.trainer.__main__ import main
from training.trainer.loop import Loop

run_dir = Path(sys.argv[1])
attempt = str(json.loads((run_dir / "spec.json").read_text())["fence"])
trouble = json.loads((run_dir / "trouble.json").read_text()).get(attempt)
take_step, steps = Loop.step, itertools.count(1)


def step(self: Loop, rows: Any) -> dict[str, float]:
    if self.ranks.rank == 1 and next(steps) == 26:
        meet(self)
    return take_step(self, rows)


def meet(loop: Loop) -> None:
    if trouble == "stopped":
        os.kill(os.getppid(), signal.SIGTERM)
        while not loop.must_stop():
            time.sleep(0.01)
    elif trouble == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif trouble == "no memory":
        raise MemoryError


Loop.step = step
sys.exit(main(sys.argv[1:]))
