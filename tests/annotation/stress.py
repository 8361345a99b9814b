"""Sixteen clients over HTTP on items of overlap three, with everything going wrong that can.

    python -m tests.annotation.stress [--items 500] [--kills 3]

Clients crash (and forget what they held), submit twice, and let leases run out; with `--kills` the server is killed
meanwhile and started again. Prints one JSON line: what was acknowledged and what the database holds.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid

import psutil
import requests

from tests.bench.annotate import CLIENTS, ROOT, free_port, posted, prepare, session, wait_ready

OVERLAP = 3
AGAIN = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Server:
    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self):
        command = [sys.executable, "manage.py", "serve"]
        environment = {**os.environ, "PORT": str(self.port), "SFTLAB_LOG_LEVEL": "ERROR"}
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=sys.stderr)
        wait_ready(f"{self.url}/api/v1/projects/", self.process)

    def kill(self):
        """The whole service at once, as when the machine loses its power; the database stays."""
        tree = psutil.Process(self.process.pid)
        for process in [*tree.children(recursive=True), tree]:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.name() != "postgres" and "sftlab.postgres" not in " ".join(process.cmdline()):
                    process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


class Annotator:
    def __init__(self, server, token, project, seed):
        self.server, self.project = server, project
        self.http = session(token)
        self.chance = random.Random(seed)
        self.acknowledged, self.statuses = {}, set()

    def say(self, path, **given):
        """Until there is an answer: a server that is away is asked again."""
        while True:
            with contextlib.suppress(*AGAIN):
                answer = self.http.post(f"{self.server.url}/api/v1/{path}", timeout=20, **given)
                self.statuses.add(answer.status_code)
                return answer
            time.sleep(0.05)

    def work(self):
        idle = 0
        while idle < 20:
            claimed = self.say(f"projects/{self.project}/claim/")
            if claimed.status_code == 204:
                idle += 1
                time.sleep(0.05)
                continue
            idle = 0
            if self.chance.random() > 0.1:  # else it crashes here and forgets
                self.answer(claimed.json()["assignment"])

    def answer(self, assignment):
        text, key = f"text {uuid.uuid4()}", str(uuid.uuid4())
        for _ in range(2 if self.chance.random() < 0.2 else 1):
            given = {"json": {"output": text}, "headers": {"Idempotency-Key": key}}
            answer = self.say(f"assignments/{assignment}/submit/", **given)
            if answer.status_code in (200, 201):
                self.acknowledged[answer.json()["id"]] = text


def expire_now_and_then(stop):
    """Leases run out at random moments."""
    from django.db import connection

    while not stop.wait(0.1):
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE annotation_assignment SET expires_at = now() - interval '1 second' "
                "WHERE state = 'live' AND random() < 0.05"
            )
    connection.close()


def run(items, kills):
    tokens = prepare()
    server = Server()
    try:
        manager = session(tokens["admin"])
        api = f"{server.url}/api/v1"
        body = {"name": "Stress", "kind": "write", "overlap": OVERLAP, "gold_rate": 0.1}
        project = posted(manager, f"{api}/projects/", body)["id"]
        for number in range(CLIENTS):
            member = {"username": f"annotator-{number}", "role": "annotator"}
            posted(manager, f"{api}/projects/{project}/members/", member)
        gold = {"scorer": "phrases", "required": ["text"]}
        rows = [{"instruction": f"Gold {n}", "gold": gold} for n in range(10)]
        rows += [{"instruction": f"Instruction {n}"} for n in range(items)]
        posted(manager, f"{api}/projects/{project}/items/", rows)
        people = [Annotator(server, tokens[f"annotator-{n}"], project, n) for n in range(CLIENTS)]
        begun = time.perf_counter()
        drive(server, people, kills, items)
        return {"seconds": round(time.perf_counter() - begun, 1), **judge(people, items)}
    finally:
        server.stop()


def drive(server, people, kills, items):
    stop = threading.Event()
    expiry = threading.Thread(target=expire_now_and_then, args=(stop,))
    threads = [threading.Thread(target=person.work) for person in people]
    for thread in [expiry, *threads]:
        thread.start()
    for number in range(kills):
        while done(people) < items * OVERLAP * (number + 1) / (kills + 1):
            time.sleep(0.05)
        server.kill()
        server.start()
    for thread in threads:
        thread.join()
    stop.set()
    expiry.join()


def done(people):
    return sum(len(person.acknowledged) for person in people)


def judge(people, items):
    from django.db.models import Count

    from annotation.models import Assignment, Item, Response

    submitted = Assignment.objects.filter(state="submitted", item__lane=Item.Lane.WORK)
    per_item = submitted.values("item").annotate(n=Count("id"), people=Count("person", distinct=True))
    exact = sum(row["n"] == row["people"] == OVERLAP for row in per_item)
    kept = dict(Response.objects.values_list("uuid", "output"))
    told = {uuid.UUID(key): text for person in people for key, text in person.acknowledged.items()}
    return {
        "items": items,
        "items_exact": exact,
        "acknowledged": len(told),
        "lost": sum(kept.get(key) != text for key, text in told.items()),
        "statuses": sorted(set().union(*(person.statuses for person in people))),
    }


def main():
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--items", type=int, default=500)
    asked.add_argument("--kills", type=int, default=0)
    asked = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="stress-") as folder:
        os.environ |= {"SFTLAB_VAR": folder, "DJANGO_SETTINGS_MODULE": "sftlab.settings"}
        print(json.dumps({"kills": asked.kills, **run(asked.items, asked.kills)}))


if __name__ == "__main__":
    main()
