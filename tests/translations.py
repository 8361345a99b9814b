"""Every text of a page has its Chinese: `python -m tests.translations`; with --write, new texts go into the catalogue.

Extraction runs on a copy of the source, so that checking changes nothing. Needs GNU gettext.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parent.parent
CATALOG = Path("locale/zh_Hans/LC_MESSAGES/django.po")
SOURCES = ("sftlab", "annotation", "training", "evaluation", "locale")


def extracted(work: Path) -> polib.POFile:
    """The catalogue as it would be if the texts of today's source were taken into it."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, work / name, ignore=shutil.ignore_patterns("__pycache__", "*.mo"))
    command = [sys.executable, "-m", "django", "makemessages", "--locale", "zh_Hans", "--no-obsolete", "--no-location"]
    subprocess.run(command, cwd=work, check=True, capture_output=True, text=True)
    return polib.pofile(str(work / CATALOG), wrapwidth=118)


def untranslated(catalog: polib.POFile) -> list[str]:
    return [entry.msgid for entry in catalog if entry.fuzzy or not entry.translated()]


def main() -> int:
    if shutil.which("xgettext") is None:
        print("The translations can't be checked: there is no xgettext here. Install gettext.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        catalog = extracted(Path(folder))
    if "--write" in sys.argv:
        catalog.sort()
        catalog.save(str(ROOT / CATALOG))
    missing = untranslated(catalog)
    for text in missing:
        print(f"no Chinese for: {text!r}", file=sys.stderr)
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
