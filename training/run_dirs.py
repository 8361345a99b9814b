from pathlib import Path
from uuid import UUID

from django.conf import settings


def run_dir(uuid: UUID) -> Path:
    """On storage that every worker mounts."""
    return Path(settings.VAR_DIR) / "runs" / str(uuid)


def cache_dir() -> Path:
    """Dequantised weights and prepared rows, shared by all runs."""
    return Path(settings.VAR_DIR) / "cache"


def models_dir() -> Path:
    return Path(settings.VAR_DIR) / "models"
