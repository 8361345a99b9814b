"""Closed-loop annotators against the service as it ships, and against a bare sketch, in the same run.

    python -m tests.bench.annotate [--items 10000,100000,1000000] [--seconds 20] [--no-sketch]

It starts its own service on a throw-away folder with `manage.py serve`, sets it up over REST, and drives claim and
submit with 16 clients from this process. One JSON line for each size, one for the sketch, one that compares them.
"""

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import psycopg
import requests

CLIENTS = 16
CHUNK = 10_000
GOLD = 20
ROOT = Path(__file__).resolve().parents[2]
PROMPT = "explain the topic in plain words " * 6
ANSWER = "a helpful answer " * 10


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--items", default="10000,100000,1000000")
    asked.add_argument("--seconds", type=float, default=20)
    asked.add_argument("--no-sketch", action="store_true")
    asked = asked.parse_args()
    sizes = [int(size) for size in asked.items.split(",")]
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        os.environ |= {"SFTLAB_VAR": folder, "DJANGO_SETTINGS_MODULE": "sftlab.settings"}
        tokens = prepare()
        with served([sys.executable, "manage.py", "serve"]) as url:
            measured = [report(**annotate(url, tokens, size, asked.seconds)) for size in sizes]
        bare = None if asked.no_sketch else report(**sketch(asked.seconds, sizes[0]))
    report(**ratios(measured[0], measured[-1], bare))


def report(**found):
    print(json.dumps(found), flush=True)
    return found


def ratios(smallest, largest, bare):
    """What the size costs, and what the service does beside the bare sketch."""
    return {
        "service": "ratios",
        "items": [smallest["items"], largest["items"]],
        "cycles_largest_to_smallest": round(largest["cycles_per_s"] / smallest["cycles_per_s"], 2),
        "claim_p95_largest_to_smallest": round(largest["claim_p95_ms"] / smallest["claim_p95_ms"], 2),
        "cycles_to_sketch": bare and round(smallest["cycles_per_s"] / bare["cycles_per_s"], 2),
    }


def prepare():
    """Tables and people; the rest is done over REST."""
    import django

    django.setup()
    from django.core.management import call_command

    from sftlab.accounts import services
    from sftlab.accounts.models import User

    call_command("migrate", verbosity=0)
    admin = User.objects.create(username="admin", is_superuser=True)
    people = [User.objects.create(username=f"annotator-{number}") for number in range(CLIENTS)]
    return {user.username: services.create_token(user=user)[1] for user in [admin, *people]}


@contextlib.contextmanager
def served(command, env=None, ready="/api/v1/projects/"):
    port = free_port()
    environment = {**os.environ, **(env or {}), "PORT": str(port)}
    if "granian" in command[0]:
        command = [*command, "--port", str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sys.stderr)
    url = f"http://127.0.0.1:{port}"
    try:
        wait_ready(url + ready, process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_ready(url, process):
    for _ in range(300):
        with contextlib.suppress(requests.ConnectionError):
            requests.get(url, timeout=5)
            return
        if process.poll() is not None:
            raise SystemExit("the service did not start")
        time.sleep(0.1)


def annotate(url, tokens, size, seconds):
    api = f"{url}/api/v1"
    manager = session(tokens["admin"])
    body = {"name": f"bench-{size}", "kind": "write", "language": "en", "gold_rate": 0.05, "bar": 0.5}
    project = posted(manager, f"{api}/projects/", body)["id"]
    for number in range(CLIENTS):
        posted(manager, f"{api}/projects/{project}/members/", {"username": f"annotator-{number}", "role": "annotator"})
    gold = [
        {"instruction": f"Gold {n}: {PROMPT}", "gold": {"scorer": "phrases", "required": ["helpful"]}}
        for n in range(GOLD)
    ]
    posted(manager, f"{api}/projects/{project}/items/", gold)
    imported = import_rows(manager, f"{api}/projects/{project}/items/", size)
    tidy()
    people = [session(tokens[f"annotator-{number}"]) for number in range(CLIENTS)]
    found = drive(
        people,
        lambda s: s.post(f"{api}/projects/{project}/claim/"),
        lambda s, a: s.post(f"{api}/assignments/{a}/submit/", json={"output": ANSWER, "lead_time": 3}),
        seconds,
    )
    return {"service": "sftlab", "items": size, "import_rows_per_s": round(size / imported), **found}


def tidy():
    """What autovacuum would do within the next minute, brought forward, so that it is not what is measured."""
    with psycopg.connect(f"{database()} dbname=sftlab", autocommit=True) as db:
        db.execute("VACUUM (ANALYZE) annotation_item, annotation_slot")


def database():
    from sftlab.postgres import ensure_running

    address = ensure_running(Path(os.environ["SFTLAB_VAR"]) / "postgres")
    return f"host={address.host} port={address.port} user={address.user}"


def session(token):
    made = requests.Session()
    made.headers["Authorization"] = f"Token {token}"
    return made


def posted(client, url, body):
    answer = client.post(url, json=body)
    answer.raise_for_status()
    return answer.json()


def import_rows(client, url, size):
    began = time.perf_counter()
    for start in range(0, size, CHUNK):
        rows = [{"instruction": f"Instruction {n}: {PROMPT}"} for n in range(start, min(start + CHUNK, size))]
        assert posted(client, url, rows)["created"] == len(rows)
    return time.perf_counter() - began


def drive(people, claim, submit, seconds):
    """Claim, submit, repeat, by every client at once; the first fifth is to warm up and not counted."""
    claims, submits, faults = [], [], []
    used = cpu_seconds()
    began = time.perf_counter()
    start, end = began + seconds / 5, began + seconds * 6 / 5

    def work(person):
        while (at := time.perf_counter()) < end:
            answer = claim(person)
            if answer.status_code != 200:
                faults.append(answer.status_code)
                break
            middle = time.perf_counter()
            done = submit(person, answer.json()["assignment"])
            if done.status_code != 201:
                faults.append(done.status_code)
            elif at >= start:
                claims.append(middle - at)
                submits.append(time.perf_counter() - middle)

    threads = [threading.Thread(target=work, args=(person,)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spent = time.perf_counter() - start
    used = {name: after - used[name] for name, after in cpu_seconds().items()}
    rounds = max(1, round(len(submits) * 6 / 5))
    quantiles = {
        f"{name}_p{q}_ms": at(values, q)
        for name, values in [("claim", claims), ("submit", submits)]
        for q in (50, 95, 99)
    }
    return {
        **{f"{name}_cpu_ms_per_cycle": round(1000 * seconds / rounds, 2) for name, seconds in used.items()},
        "cycles_per_s": round(len(submits) / spent, 1),
        "cycles": len(submits),
        "faults": sorted(set(faults)),
        **quantiles,
    }


def cpu_seconds():
    """What the service and its database have used so far: on a busy machine steadier than the wall clock."""
    mine = psutil.Process()
    folder = Path(os.environ["SFTLAB_VAR"]) / "postgres" / "data" / "postmaster.pid"
    postmaster = psutil.Process(int(folder.read_text().splitlines()[0]))
    database = {postmaster, *postmaster.children(recursive=True)}
    trees = {"service": set(mine.children(recursive=True)) - database, "database": database}
    return {name: sum(map(_seconds, found)) for name, found in trees.items()}


def _seconds(process):
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    return float(times.user + times.system)


def at(values, percent):
    return round(1000 * sorted(values)[min(len(values) - 1, len(values) * percent // 100)], 1) if values else None


def sketch(seconds, size):
    from tests.bench import sketch_service

    server = database()
    with psycopg.connect(f"{server} dbname=postgres", autocommit=True) as db:
        db.execute("CREATE DATABASE sketch")
    dsn = f"{server} dbname=sketch"
    sketch_service.prepare(dsn, size)
    command = [
        str(Path(sys.executable).parent / "granian"), "--interface", "wsgi", "--workers", "2",
        "--blocking-threads", "8", "--no-log", "tests.bench.sketch_service:application",
    ]  # fmt: skip
    people = [session(f"t{number}") for number in range(CLIENTS)]
    environment = {"SKETCH_DSN": dsn, "DJANGO_SETTINGS_MODULE": ""}
    with served([*command], environment, ready="/") as url:
        found = drive(
            people,
            lambda s: s.post(f"{url}/projects/1/claim/"),
            lambda s, a: s.post(f"{url}/assignments/{a}/submit/", json={"output": ANSWER, "lead_time": 3}),
            seconds,
        )
    return {"service": "sketch", "items": size, **found}


if __name__ == "__main__":
    main()
