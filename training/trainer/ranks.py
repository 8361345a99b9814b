"""The processes of one run: alone, or started by torchrun. Sums, never means, go between them."""

import ctypes
import os
import signal
from collections.abc import Sequence
from typing import Any

PR_SET_PDEATHSIG = 1
SIGNS_OF_LOSS = ("gloo/transport", "ncclRemoteError")
"""In what gloo and NCCL say when the other end of a connection is gone."""


class Ranks:
    def __init__(self) -> None:
        self.rank = int(os.environ.get("RANK", "0"))
        self.world = int(os.environ.get("WORLD_SIZE", "1"))
        self.device = "cpu"

    @property
    def first(self) -> bool:
        return self.rank == 0

    def die_with_launcher(self) -> None:
        """torchrun gives each process a session of its own, so what kills torchrun would leave them at work."""
        if self.world > 1:
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    def start(self, device: str) -> None:
        self.device = device
        if self.world > 1:
            import torch
            from torch import distributed

            if device == "cuda":
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            distributed.init_process_group("cpu:gloo,cuda:nccl" if device == "cuda" else "gloo")

    def stop(self) -> None:
        if self.world > 1:
            from torch import distributed

            distributed.destroy_process_group()

    def lost_another(self, problem: Exception) -> bool:
        """Whether it says that another process is gone, which is all that is known of why."""
        return self.world > 1 and any(sign in str(problem) for sign in SIGNS_OF_LOSS)

    def sum(self, value: float | Sequence[float]) -> Any:
        """Of a number, or of each number of a list."""
        if self.world == 1:
            return value
        import torch
        from torch import distributed

        tensor = torch.tensor(value, dtype=torch.float64)
        distributed.all_reduce(tensor)
        return tensor.tolist()

    def join(self, found: list[str]) -> list[str]:
        """What every process found, in the order of the processes."""
        if self.world == 1:
            return found
        from torch import distributed

        every: list[Any] = [None] * self.world
        distributed.all_gather_object(every, found)
        return [name for part in every for name in part]

    def sum_gradients(self, parameters: Sequence[Any]) -> None:
        """A rank without rows in this step takes part with zeros."""
        if self.world == 1:
            return
        import torch
        from torch import distributed

        for p in parameters:
            if p.grad is None:
                p.grad = torch.zeros_like(p)
        flat = torch.cat([p.grad.flatten() for p in parameters])
        distributed.all_reduce(flat)
        parts = torch.split(flat, [p.numel() for p in parameters])
        for p, part in zip(parameters, parts, strict=True):
            p.grad.copy_(part.view_as(p))

    def wait(self) -> None:
        if self.world > 1:
            from torch import distributed

            distributed.barrier()
