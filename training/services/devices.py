import re
import socket
from pathlib import Path

from django.db.models import QuerySet

from training.models import Device

NODES = Path("/dev")


def here() -> "QuerySet[Device]":
    """This host's slots, made when they are first asked for."""
    mine = Device.objects.filter(host=socket.gethostname())
    if not mine.exists():
        names = gpus() or ["cpu"]
        Device.objects.bulk_create(
            [Device(host=socket.gethostname(), name=name) for name in names], ignore_conflicts=True
        )
    return mine


def gpus() -> list[str]:
    """By the kernel's device files: asking a GPU library would load it into this process."""
    found = (re.fullmatch(r"nvidia(\d+)", node.name) for node in NODES.glob("nvidia*"))
    return [f"cuda:{index}" for index in sorted(int(match[1]) for match in found if match)]
