"""Reading a leaderboard of 50 rows from the service as it ships, and a stored body from the bare stack, in turns.

    python -m tests.bench.leaderboard [--seconds 8] [--rounds 3]

Both run behind the same server with two workers on the same embedded database; the load is a process of its own with 16
connections. One JSON line for each case: `304` and `200` with a token on a board for whoever is logged in, `public` 200
without. `bar` is what it has to reach: so many requests a second, or 0.8 × the bare stack in the same run, whichever is
lower; `p99_ms` is at half the bar. `met` says whether both hold.
"""

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from tests.bench.annotate import ROOT, served

ROWS = 50
CONNECTIONS = 16
METRICS = ("bleu", "chrf", "rougeL", "bertscore")
WANTED = {"304": 1500, "200": 600, "public": 600}
SHARE = 0.8
P99_MS = 50


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--seconds", type=float, default=8)
    asked.add_argument("--rounds", type=int, default=3)
    asked = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"SFTLAB_VAR": folder, "DJANGO_SETTINGS_MODULE": "sftlab.settings"}
        token, body = prepare()
        with contextlib.ExitStack() as running:
            ours = running.enter_context(served([sys.executable, "manage.py", "serve"]))
            bare = running.enter_context(served_sketch(folder, body))
            measure(ours, bare, token, asked)


def prepare():
    """A board that is read with a token and one that anyone reads, of 50 models with four metrics in two languages."""
    import django

    django.setup()
    from django.core.management import call_command

    from evaluation.services.leaderboards import build_snapshot, create_leaderboard
    from sftlab.accounts.models import User
    from sftlab.accounts.services import create_token

    call_command("migrate", verbosity=0)
    admin = User.objects.create(username="admin", is_superuser=True)
    evalset = _scored(admin)
    for visibility in ("token", "public"):
        board = create_leaderboard(actor=admin, name=visibility, evalset=evalset.uuid, visibility=visibility)
        snapshot = build_snapshot(leaderboard=board)
    return create_token(user=admin)[1], snapshot.slices.get(language="en", category="").json


def _scored(admin):
    from evaluation.models import Evaluation, Score, System
    from evaluation.services.evalsets import create_evalset
    from training.models import LanguageModel

    items = [
        {"id": f"{language}-{n}", "instruction": f"{n}", "output": f"{n}", "language": language, "category": "fact"}
        for language in ("en", "zh")
        for n in range(20)
    ]
    evalset, _new = create_evalset(actor=admin, name="bench", items=items)
    evaluation = Evaluation.objects.create(evalset=evalset, created_by=admin, status="done", metrics=list(METRICS))
    for number in range(ROWS):
        model = LanguageModel.objects.create(name=f"model-{number}", kind="external", registered_by=admin)
        system = System.objects.create(evaluation=evaluation, model=model, status="done", done=len(items))
        Score.objects.bulk_create(
            Score(
                system=system, metric=metric, language=language, value=30 + number, low=29 + number, high=31 + number,
                n=20, signature=f"{metric}|v:1|tok:{language}|smooth:exp|eff:yes",
            )
            for metric in METRICS
            for language in ("en", "zh")
        )  # fmt: skip
    return evalset


def served_sketch(folder, body):
    from sftlab.postgres import ensure_running
    from tests.bench import sketch_board

    address = ensure_running(Path(folder) / "postgres")
    server = f"host={address.host} port={address.port} user={address.user}"
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as db:
        db.execute("CREATE DATABASE sketch")
    sketch_board.prepare(f"{server} dbname=sketch", body)
    command = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--workers", "2",
        "--blocking-threads", "8", "--no-log", "tests.bench.sketch_board:application",
    ]  # fmt: skip
    return served(command, {"SKETCH_DSN": f"{server} dbname=sketch"}, ready="/board/")


def measure(ours, bare, token, asked):
    auth = f"Authorization: Token {token}"
    board = "/api/v1/leaderboards/{}/?language=en"
    cases = {
        "304": (ours, board.format("token"), [auth], bare, "/board/", True),
        "200": (ours, board.format("token"), [auth], bare, "/board/", False),
        "public": (ours, board.format("public"), [], bare, "/board/", False),
    }
    for case, (url, path, headers, other, other_path, cached) in cases.items():
        mine, theirs = headers + etag(url, path, headers, cached), etag(other, other_path, [], cached)
        found, base = [], []
        for _round in range(asked.rounds):
            found.append(load(url, path, asked.seconds, 0, mine))
            base.append(load(other, other_path, asked.seconds, 0, theirs))
        rate = statistics.median(one["requests_per_s"] for one in found)
        bare_rate = statistics.median(one["requests_per_s"] for one in base)
        bar = min(WANTED[case], SHARE * bare_rate)
        half = load(url, path, asked.seconds, bar / 2, mine)
        report(
            case=case,
            rows=ROWS,
            requests_per_s=rate,
            bare_requests_per_s=bare_rate,
            ratio=round(rate / bare_rate, 3),
            bar=round(bar),
            at_rate=half["requests_per_s"],
            p50_ms=half["p50_ms"],
            p99_ms=half["p99_ms"],
            statuses=found[0]["statuses"],
            met=rate >= bar and half["p99_ms"] < P99_MS,
        )


def etag(url, path, headers, cached):
    import httpx

    answer = httpx.get(url + path, headers=dict(line.split(": ", 1) for line in headers)).raise_for_status()
    return [f"If-None-Match: {answer.headers['ETag']}"] if cached else []


def load(url, path, seconds, rate, headers):
    command = [sys.executable, "-m", "tests.bench.http_load", url.removeprefix("http://"), path]
    numbers = [str(seconds), str(CONNECTIONS), str(rate)]
    done = subprocess.run([*command, *numbers, *headers], cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def report(**found):
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
