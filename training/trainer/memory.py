"""What this process holds, as the kernel counts it."""

import resource
from pathlib import Path


def rss_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return round(pages * resource.getpagesize() / 2**20, 1)


def peak_rss_mb() -> float:
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)


def gpu_mb() -> dict[str, float]:
    """The most that this process's tensors took of its GPU so far; nothing where it uses none."""
    import torch

    most = torch.cuda.max_memory_allocated()
    return {"gpu_mb": round(most / 2**20, 1)} if most else {}


def available_mb() -> float:
    """What the machine, or the container if that has less, can still give."""
    lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
    machine = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:")) / 1024
    try:
        limit, used = (
            int(Path(f"/sys/fs/cgroup/memory.{name}").read_text(encoding="ascii")) for name in ("max", "current")
        )
    except (OSError, ValueError):
        return round(machine, 1)
    return round(min(machine, (limit - used) / 2**20), 1)


def reset_peak() -> None:
    """Lets the kernel count the peak from here; where it refuses, the peak of the whole process stands."""
    try:
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    except OSError:
        return


def peak_since_reset_mb() -> float:
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024, 1)
