"""The steps of the demo. Each finds what an earlier run of it made and goes on from there, so none is done twice."""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from evaluation.demo import fixtures, people, scripts
from evaluation.demo.fixtures import Json
from sftlab import weights
from sftlab.client import ApiError, Board, Client

BASE = "SmolLM2-135M-Instruct"
TUNED = "SmolLM2-135M, tuned on the demo's data"
EVALSET = "Demo questions"
SLUG = "demo"
METRICS = ["bleu", "rougeL", "bertscore", "chrf"]
DECODING = {"max_new_tokens": 64, "do_sample": False}
RUN_CONFIG = {
    "epochs": 1,
    "batch_size": 8,
    "learning_rate": 3e-4,
    "max_length": 384,
    "eval_every": 12,
    "save_every": 12,
}

GOOD = ("finished", "done")
BAD = ("failed", "cancelled", "stopped")

Say = Callable[[str], None]


@dataclass
class Loop:
    """What the steps hand on to each other."""

    url: str
    say: Say
    model_path: str = ""
    metrics: list[str] = field(default_factory=lambda: METRICS)
    clients: dict[str, Client] = field(default_factory=dict)
    found: dict[str, Json] = field(default_factory=dict)

    def as_(self, person: str) -> Client:
        if person not in self.clients:
            self.clients[person] = Client.log_in(self.url, person, people.PASSWORD)
        return self.clients[person]

    @property
    def admin(self) -> Client:
        return self.as_("admin")

    def named(self, path: str, name: str, make: Callable[[], Json]) -> Json:
        """The thing of that name, made if it is not there yet."""
        there = next((one for one in self.admin.pages(path) if one.get("name") == name), None)
        return there or make()

    def waited(self, path: str, what: Callable[[Json], str]) -> Json:
        """Watch a job to its end; an end other than done stops the demo."""
        ended = self.admin.wait(path, until=[*GOOD, *BAD], seconds=1800, on_change=lambda now: self.say(what(now)))
        if ended["status"] in BAD:
            raise ApiError(500, ended["status"], str(ended.get("error") or path))
        return ended


# --- data ---


def annotate(loop: Loop) -> str:
    project = _project(loop, "Instruction data", kind="write", overlap=1, gold_rate=0.06, review_rate=1.0)
    added = loop.admin.add_items(project["id"], [*fixtures.instruction_rows(), *fixtures.rows("gold_write.jsonl")])
    refused = loop.admin.add_items(project["id"], fixtures.broken_rows())
    loop.found["project"] = project
    written = sum(_in_parallel(people.ANNOTATORS, lambda who: _write(loop, who, project["id"])))
    return f"{added['created']} new rows, {len(refused['errors'])} bad rows refused, {written} responses"


def _project(loop: Loop, name: str, **settings: Any) -> Json:
    guidelines = f"{fixtures.text('guidelines_en.md')}\n\n---\n\n{fixtures.text('guidelines_zh.md')}"
    made = loop.named(
        "projects/",
        name,
        lambda: loop.admin.create_project(name, language="mixed", guidelines=guidelines, lease_minutes=30, **settings),
    )
    for who in [*people.ANNOTATORS, people.REVIEWER, *people.VISITORS[:2]]:
        loop.admin.add_member(made["id"], who.name, who.role)
    return made


def _write(loop: Loop, who: people.Person, project: str) -> int:
    """Claim and submit until nothing is left for this person."""
    answers = _prepared_answers()
    client, done = loop.as_(who.name), 0
    while (task := client.claim(project)) is not None:
        answer = scripts.pick(answers[fixtures.task_question(task["item"])], who.name)
        body = {"output": answer, "lead_time": scripts.lead_time(who.name, answer)}
        client.submit(task["assignment"], body, key=task["assignment"])
        done += 1
    return done


def _asked(row: Json) -> str:
    return fixtures.question(fixtures.turns_of(row))


def _prepared_answers() -> dict[str, dict[str, str]]:
    """Question → person → what a script answers."""
    prepared: dict[str, dict[str, str]] = {}
    for row in fixtures.instruction_rows():
        prepared[_asked(row)] = {"": fixtures.turns_of(row)[-1]["content"]}
    for row in fixtures.rows("gold_write.jsonl"):
        prepared[_asked(row)] = {"": row["good"]}
    for row in fixtures.rows("write_tasks.jsonl"):
        prepared[_asked(row)] = row["scripted_answers"]
    return prepared


def review(loop: Loop) -> str:
    client, project, count = loop.as_(people.REVIEWER.name), loop.found["project"]["id"], 0
    while queue := client.get(f"projects/{project}/reviews/")["results"]:
        for response in queue:
            client.review(response["id"], "accept")
            count += 1
    return f"{count} accepted"


def freeze(loop: Loop) -> str:
    path = f"projects/{loop.found['project']['id']}/versions/"
    version = loop.named(
        path,
        "v1",
        lambda: loop.admin.freeze_version(
            loop.found["project"]["id"], "v1", splits={"train": 0.9, "validation": 0.1}, seed=7, note="The demo's first"
        ),
    )
    loop.found["version"] = version
    return f"{version['rows']} rows, sha256 {version['sha256'][:12]}…"


# --- training ---


def train(loop: Loop) -> str:
    base = loop.named("models/", BASE, lambda: _register_base(loop))
    loop.found["base"] = base
    run = loop.named("runs/", TUNED, lambda: _create_run(loop, base))
    if run["status"] in {"failed", "cancelled"}:
        loop.admin.post(f"runs/{run['id']}/resume/")
    run = loop.waited(f"runs/{run['id']}/", _training_words)
    loop.found["run"] = run
    loop.found["tuned"] = run["model"]
    result = run["result"]
    return (
        f"evaluation loss {result['base_eval_loss']:.3f} → {result['eval_loss']:.3f}, "
        f"{result['tokens_per_s']:.0f} tokens/s"
    )


def _register_base(loop: Loop) -> Json:
    folder = loop.model_path or str(weights.smollm2())
    return loop.admin.create_model(name=BASE, path=folder, family="SmolLM2", licence="Apache-2.0")


def _create_run(loop: Loop, base: Json) -> Json:
    return loop.admin.create_run(
        name=TUNED,
        base_model=base["id"],
        datasets=[{"version": loop.found["version"]["id"], "weight": 1.0}],
        method={"name": "lora", "r": 16, "alpha": 32},
        config=RUN_CONFIG,
        seed=7,
    )


def _training_words(run: Json) -> str:
    progress = run.get("progress") or {}
    return f"{run['status']}, step {progress.get('step', 0)} of {progress.get('steps') or '?'}"


# --- evaluation ---


def evaluate(loop: Loop) -> str:
    evalset = loop.admin.create_evalset(EVALSET, fixtures.rows("eval.jsonl"))
    loop.found["evalset"] = evalset
    models = [loop.found["base"]["id"], loop.found["tuned"]["id"]]
    known = [one for one in loop.admin.pages("evaluations/") if one["evalset"] == evalset["id"]]
    evaluation = (
        known[0]
        if known
        else loop.admin.create_evaluation(evalset["id"], models, loop.metrics, decoding=DECODING, seed=7)
    )
    loop.found["evaluation"] = loop.waited(f"evaluations/{evaluation['id']}/", lambda now: str(now["status"]))
    return f"{len(models)} models on {evalset['size']} questions"


def rate(loop: Loop) -> str:
    study = _study(loop, "Base or tuned, blind", design="both", raters_per_unit=len(people.RATERS), seed=7)
    votes = 0
    if study["status"] == "open":
        for who in people.RATERS:
            _add_rater(loop, study, who.name)
        votes = sum(_in_parallel(people.RATERS, lambda who: _vote(loop, who, study)))
        loop.admin.post(f"studies/{study['id']}/close/")
    loop.found["study"] = study
    return f"{votes} votes by {len(people.RATERS)} scripted raters"


def _study(loop: Loop, name: str, **options: Any) -> Json:
    models = [loop.found["base"]["id"], loop.found["tuned"]["id"]]
    return loop.named(
        "studies/", name, lambda: loop.admin.create_study(loop.found["evalset"]["id"], models, name=name, **options)
    )


def _add_rater(loop: Loop, study: Json, name: str) -> None:
    there = loop.admin.get(f"studies/{study['id']}/members/")
    if name not in {member["username"] for member in there}:
        loop.admin.post(f"studies/{study['id']}/members/", {"username": name, "role": "rater"})


def _vote(loop: Loop, who: people.Person, study: Json) -> int:
    dimensions = [dimension["key"] for dimension in study["dimensions"]]
    client, votes = loop.as_(who.name), 0
    while (shown := client.claim_rating(study["id"])) is not None:
        body = scripts.judge(who.name, shown, dimensions)
        body["lead_time"] = scripts.lead_time(who.name, f"{shown['left']}{shown['right']}")
        client.rate(shown["rating"], body, key=shown["rating"])
        votes += 1
    return votes


def publish(loop: Loop) -> str:
    there = {board["slug"] for board in loop.admin.pages("leaderboards/")}
    if SLUG not in there:
        loop.admin.create_leaderboard(
            SLUG,
            "Demo",
            loop.found["evalset"]["id"],
            study=loop.found["study"]["id"],
            metrics=loop.metrics,
            languages=["en", "zh"],
            visibility="public",
        )
        loop.admin.post("conformance/")
    board = _published(loop.admin)
    loop.found["board"] = dict(board)
    return f"snapshot {board['snapshot']} at /leaderboards/{SLUG}/"


def _published(client: Client, seconds: float = 60) -> Board:
    """The board once its job has built a snapshot."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return client.leaderboard(SLUG)
        except ApiError as error:
            if error.status != 404 or time.monotonic() > deadline:
                raise
        time.sleep(0.3)


# --- what is left for the person at the browser ---


def leave_work(loop: Loop) -> str:
    writing = _project(loop, "Open writing: your turn", kind="write", overlap=2, review_rate=1.0)
    loop.admin.add_items(writing["id"], fixtures.rows("write_tasks.jsonl"))
    rating = _project(loop, "Rate answers: your turn", kind="rate", overlap=3, gold_rate=0.1)
    loop.admin.add_items(rating["id"], [*fixtures.rows("rate.jsonl"), *fixtures.rows("gold_rate.jsonl")])
    _write(loop, people.ANNOTATORS[0], writing["id"])
    _in_parallel(people.ANNOTATORS, lambda who: _rate_rows(loop, who, rating["id"]))
    study = _study(loop, "Which answer is better? Your turn", design="pairwise", raters_per_unit=1, seed=8)
    _add_rater(loop, study, "ravi")
    return "two projects and a study wait for you"


def _rate_rows(loop: Loop, who: people.Person, project: str) -> int:
    ratings = {_asked(row): row for row in fixtures.rows("rate.jsonl")}
    gold = {
        fixtures.question(fixtures.turns_of(row)): row["gold"]["expected"] for row in fixtures.rows("gold_rate.jsonl")
    }
    client, done = loop.as_(who.name), 0
    while (task := client.claim(project)) is not None:
        asked = fixtures.task_question(task["item"])
        given = gold.get(asked) or scripts.pick(ratings[asked]["scripted_ratings"], who.name)
        body = {"ratings": given, "flags": [], "lead_time": scripts.lead_time(who.name, asked)}
        client.submit(task["assignment"], body, key=task["assignment"])
        done += 1
    return done


def _in_parallel(who: Iterable[people.Person], work: Callable[[people.Person], int]) -> list[int]:
    everyone = list(who)
    with ThreadPoolExecutor(len(everyone)) as pool:
        return list(pool.map(work, everyone))


STEPS: list[tuple[str, Callable[[Loop], str]]] = [
    ("Write and check instruction data", annotate),
    ("Review it", review),
    ("Freeze a dataset version", freeze),
    ("Fine-tune by LoRA", train),
    ("Generate and score", evaluate),
    ("Compare blind", rate),
    ("Publish the leaderboard", publish),
    ("Leave some work for you", leave_work),
]
