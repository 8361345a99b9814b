import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version

from django.conf import settings


@cache
def current() -> str:
    """The commit that runs, or the package's version where there is no repository."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=10, check=True
        )
        return found.stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return _package()


def _package() -> str:
    try:
        return version("sftlab")
    except PackageNotFoundError:
        return ""
