from pathlib import Path

from training import trainer

FOLDER = Path(trainer.__path__[0]) / "chat_templates"
TEMPLATES = tuple(sorted(path.stem for path in FOLDER.glob("*.jinja")))
