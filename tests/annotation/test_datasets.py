"""Frozen versions: what they hold, that they never change, and how they leave."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction

from annotation import exports
from annotation.models import DatasetVersion, Response, VersionRow
from annotation.selectors import version_for, version_rows
from annotation.services import datasets, review, work
from annotation.services.datasets import split_of
from sftlab.errors import BadInput, Conflict, Missing


@pytest.fixture
def accepted(project, alice, bob):
    for number in range(3):
        claimed = work.claim(user=alice, project=project.uuid)
        body = {"output": f"=Answer {number}"}
        response = work.submit(user=alice, assignment=claimed.assignment.uuid, body=body).response
        review.review(user=bob, response=response, verdict="accept")
    return project


def freeze(project, name="v1", **options):
    return datasets.create_version(actor=project.created_by, project=project, name=name, **options)


def test_the_same_rows_have_the_same_hash(accepted):
    assert freeze(accepted, "v1").sha256 == freeze(accepted, "v2").sha256


def test_another_seed_may_split_otherwise(accepted):
    places = {split_of(f"{n:064x}", {"a": 0.5, "b": 0.5}, seed) for n in range(20) for seed in (1, 2)}
    assert places == {"a", "b"}


def test_a_row_keeps_its_split_when_others_are_added():
    shares = {"train": 0.8, "validation": 0.2}
    assert split_of("ab", shares, 3) == split_of("ab", shares, 3)


@pytest.mark.parametrize("splits", [{"train": 0.5}, {"train": 2.0}, {"": 1.0}, {"a": float("nan")}])
def test_shares_must_sum_to_one(accepted, splits):
    with pytest.raises(BadInput):
        freeze(accepted, splits=splits)


def test_a_name_is_used_once(accepted):
    freeze(accepted)
    with pytest.raises(Conflict):
        freeze(accepted)


def test_nothing_accepted_is_nothing_to_freeze(project):
    with pytest.raises(Conflict):
        freeze(project)


@pytest.mark.parametrize("model", [DatasetVersion, VersionRow])
def test_the_database_refuses_to_change_it(accepted, model):
    freeze(accepted)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        model.objects.update(sha256="x")


def test_a_fix_is_what_a_version_holds(project, alice, bob):
    claimed = work.claim(user=alice, project=project.uuid)
    response = work.submit(user=alice, assignment=claimed.assignment.uuid, body={"output": "Old"}).response
    review.review(user=bob, response=response, verdict="fix", output="New")
    row = next(version_rows(freeze(project)))
    assert row["messages"][-1] == {"role": "assistant", "content": "New"}


def test_a_changed_row_is_in_the_diff(api, accepted, admin):
    first = freeze(accepted)
    Response.objects.filter(item=accepted.items.first()).update(output="Changed")
    second = freeze(accepted, "v2")
    found = api(admin).get(f"/api/v1/versions/{second.uuid}/diff/?against={first.uuid}").json()
    assert {name: len(ids) for name, ids in found.items()} == {"added": 0, "removed": 0, "changed": 1}


def test_a_stranger_does_not_see_it(accepted, dave):
    with pytest.raises(Missing):
        version_for(dave, freeze(accepted).uuid)


class TestExport:
    @pytest.fixture
    def export(self, api, accepted, admin):
        version = freeze(accepted, splits={"train": 1.0})

        def get(name):
            answer = api(admin).get(f"/api/v1/versions/{version.uuid}/export/?format={name}")
            assert answer.status_code == 200
            return b"".join(answer.streaming_content)

        return get

    def test_alpaca(self, export):
        assert json.loads(export("alpaca"))[0]["output"].startswith("=Answer")

    def test_sharegpt(self, export):
        turns = json.loads(export("sharegpt"))[0]["conversations"]
        assert [turn["from"] for turn in turns] == ["human", "gpt"]

    def test_a_spreadsheet_runs_no_formula(self, export):
        rows = list(csv.DictReader(io.StringIO(export("csv").decode("utf-8-sig"))))
        assert len(rows) == 3
        assert all(row["output"].startswith("'=") for row in rows)

    def test_parquet(self, export):
        table = pq.read_table(io.BytesIO(export("parquet")))
        assert table.num_rows == 3
        assert table.column_names == ["id", "messages", "metadata"]

    def test_an_unknown_format_is_refused(self, api, accepted, admin):
        version = freeze(accepted, "v9")
        assert api(admin).get(f"/api/v1/versions/{version.uuid}/export/?format=doc").status_code == 400


def test_earlier_turns_become_history():
    turns = [("system", "S"), ("user", "A"), ("assistant", "B"), ("user", "C"), ("assistant", "D")]
    row = {"id": "1", "messages": [{"role": role, "content": text} for role, text in turns], "metadata": {}}
    made = exports.alpaca_row(row)
    assert (made["system"], made["history"], made["instruction"], made["output"]) == ("S", [["A", "B"]], "C", "D")
