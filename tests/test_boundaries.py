"""What may not be loaded, and by whom."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAVY = (
    "torch",
    "transformers",
    "peft",
    "accelerate",
    "nltk",
    "bert_score",
    "evaluate",
    "datasets",
    "sklearn",
)
LOOK = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "sftlab.settings"
import django
django.setup()
from django.urls import get_resolver
get_resolver().url_patterns
print(*sorted({{name.split(".")[0] for name in sys.modules}} & set({HEAVY!r})))
"""


def test_the_service_loads_no_model_library():
    done = subprocess.run([sys.executable, "-c", LOOK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_imports_flow_one_way():
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
