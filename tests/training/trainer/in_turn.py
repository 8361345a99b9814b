"""Under torchrun: the trainer in each folder named, one after the other. One that is asked to stop is asked once: it
stops at a checkpoint and is started again. The processes stay connected from one folder to the next."""

import os
import sys
from pathlib import Path

from torch import distributed

from training.trainer.__main__ import DONE, FAILED, STOPPED, main
from training.trainer.ranks import Ranks

connect, Ranks.stop = Ranks.start, lambda self: None
Ranks.start = lambda self, device: None if distributed.is_initialized() else connect(self, device)

for name in sys.argv[1:]:
    ended = main([name])
    if ended == STOPPED:
        distributed.barrier()
        if os.environ["RANK"] == "0":
            (Path(name) / "cancel").unlink()
        distributed.barrier()
        ended = main([name])
    assert ended in (DONE, FAILED)
