import pytest


@pytest.fixture(autouse=True)
def var(settings, tmp_path):
    """A place of its own for everything that runs leave behind."""
    settings.VAR_DIR = tmp_path / "var"
    return settings.VAR_DIR
