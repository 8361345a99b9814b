"""Nothing here reaches for a network by itself."""

import ast
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.factories.tiny_model import make_tiny_model

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("sftlab", "annotation", "training", "evaluation")
LIBRARIES = {"httpx", "requests", "urllib3", "aiohttp", "http.client", "urllib.request", "huggingface_hub"}
REACH_OUT = {
    "evaluation/chat_api.py": "an endpoint that an admin configured",
    "evaluation/services/fetching.py": "the same",
    "evaluation/services/webhooks.py": "a webhook that an admin added",
    "training/services/models.py": "a hub id that an admin registered",
    "sftlab/client.py": "the client for other programs; the service does not use it",
    "evaluation/demo/processes.py": "the demo's own server",
    "evaluation/management/commands/demo.py": "the same",
}


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name for name in LIBRARIES for one in found if one == name or one.startswith(f"{name}.")}


def test_only_what_an_admin_sets_up_can_reach_out():
    files = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    able = {str(path.relative_to(ROOT)) for path in files if imported(path)}
    assert able <= REACH_OUT.keys()


@pytest.fixture
def proxy():
    """Whoever would call another host with these settings calls here; `calls` says how many did."""
    calls = []
    listener = socket.create_server(("127.0.0.1", 0))

    def listen():
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            calls.append(connection.recv(200))
            connection.close()

    threading.Thread(target=listen, daemon=True).start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    names = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "TRANSFORMERS_"))}
    environment |= {form(name): address for name in names for form in (str.lower, str.upper)}
    yield environment, calls
    listener.close()


def test_the_proxy_would_see_a_call(proxy):
    environment, calls = proxy
    code = "import urllib.request; urllib.request.urlopen('http://example.org', timeout=5)"
    subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, check=False)
    assert calls


def test_scoring_with_an_encoder_calls_nobody(proxy, tmp_path):
    environment, calls = proxy
    row = {"id": "1", "hypothesis": "The sky is blue.", "references": ["The sky is very blue."], "language": "en"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row))
    command = [
        "manage.py",
        "score",
        "--metrics",
        "bleu,bertscore,meteor,learned",
        str(tmp_path / "rows.jsonl"),
        "--json",
    ]
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["scores"]["bertscore"]["value"] > 0
    assert calls == []


def test_generating_calls_nobody(proxy, tmp_path):
    environment, calls = proxy
    (tmp_path / "items.jsonl").write_text(json.dumps({"id": "1", "messages": [{"role": "user", "content": "Hi"}]}))
    spec = {
        "version": 1,
        "task": "generate",
        "model": {"path": str(make_tiny_model(tmp_path / "tiny"))},
        "items": "items.jsonl",
        "decoding": {"max_new_tokens": 2},
    }
    (tmp_path / "spec.json").write_text(json.dumps(spec))
    command = [sys.executable, "-m", "training.trainer", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    assert calls == []
