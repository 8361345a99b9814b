import json
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from tests.sftlab.stats import published


@pytest.fixture
def wins(tmp_path):
    path = tmp_path / "votes.csv"
    pairs = [("ABCD"[winner], "ABCD"[loser]) for winner, loser in published.crossed(published.WIKIPEDIA_WINS)]
    rows = [row for winner, loser in pairs for row in (f"{winner},{loser},left", f"{loser},{winner},right")]
    path.write_text("\n".join(["left,right,choice", *rows]))
    return path


def run(path, capsys, *options):
    call_command("rank", str(path), *options)
    return capsys.readouterr().out


def test_json_ranks_the_wikipedia_example(wins, capsys):
    document = json.loads(run(wins, capsys, "--json"))
    assert [system["name"] for system in document["systems"]] == ["D", "B", "C", "A"]
    best = document["systems"][0]
    assert best["strength"] == pytest.approx(0.820, abs=5e-4)
    assert best["low"] < best["strength"] < best["high"]
    assert best["ranks"][0] == 1
    assert document["determined"] is True
    assert document["first_position"] == pytest.approx(0, abs=1e-9)
    assert document["tie"] == 0


def test_json_says_why_a_ranking_is_undetermined(wins, capsys):
    wins.write_text("left,right,choice\nA,B,left\nB,A,right\n")
    document = json.loads(run(wins, capsys, "--json"))
    assert document["determined"] is False
    assert document["reason"].endswith("strength: A.")
    assert document["systems"][0]["strength"] is None


def test_the_table_shows_rank_sets_and_notes(wins, capsys):
    output = run(wins, capsys)
    assert "0.820" in output
    assert "No vote is a tie." in output


def test_a_bad_file_is_one_error_with_exit_code_2(wins):
    wins.write_text("left,right,choice\nA,B,first\n")
    with pytest.raises(CommandError, match=r"votes\.csv, line 2: choice is 'first'") as caught:
        call_command("rank", str(wins))
    assert caught.value.returncode == 2


def test_runs_where_no_database_can_be_reached(wins, tmp_path):
    environment = {**os.environ, "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "SFTLAB_VAR": str(tmp_path)}
    command = [sys.executable, "manage.py", "rank", str(wins), "--json"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["determined"]
