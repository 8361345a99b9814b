"""A file comes in whole or not at all."""

import io
import json

import pytest

from annotation.models import Item
from annotation.services import files
from sftlab.errors import TooLarge


@pytest.fixture(autouse=True)
def uploads(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def bring(project, content, name="rows.jsonl"):
    job = files.start_import(actor=project.created_by, project=project, name=name, content=io.BytesIO(content))
    return files.run_import(job=job.uuid)


def lines(count, broken=None):
    made = [json.dumps({"instruction": f"Question {n}"}).encode() for n in range(1, count + 1)]
    if broken:
        made[broken - 1] = b'{"instruction": "half'
    return b"\n".join(made)


def test_a_sound_file_becomes_items(project):
    job = bring(project, lines(20))
    assert (job.state, job.created, job.total) == ("done", 20, 20)


def test_a_broken_line_7_is_named_and_nothing_is_written(project):
    before = Item.objects.count()
    job = bring(project, lines(20, broken=7))
    assert job.state == "failed"
    assert job.errors[0]["row"] == 7
    assert job.errors[0]["reason"].startswith("Line 7 is not JSON")
    assert "nothing was written" in job.errors[0]["reason"]
    assert Item.objects.count() == before


def test_faulty_rows_are_all_listed(project):
    job = bring(project, b'{"instruction": ""}\n{"instruction": "fine"}\n{"output": "x"}')
    assert [fault["row"] for fault in job.errors] == [1, 3]


@pytest.mark.parametrize("content", [b"", b"\n\n", b"[]"])
def test_an_empty_file_says_so(project, content):
    assert bring(project, content, name="rows.json" if content == b"[]" else "rows.jsonl").state == "failed"


def test_what_is_not_utf8_names_its_line(project):
    job = bring(project, lines(2) + b'\n{"instruction": "\xff"}')
    assert "Line 3 is not UTF-8" in job.errors[0]["reason"]


def test_an_array_is_read_too(project):
    assert bring(project, json.dumps([{"instruction": "A"}]).encode(), name="rows.json").created == 1


def test_the_endpoint_answers_with_the_job(api, project, admin):
    file = io.BytesIO(lines(3))
    file.name = "rows.jsonl"
    answer = api(admin).post(f"/api/v1/projects/{project.uuid}/import/", {"file": file}, format="multipart")
    assert answer.status_code == 202
    job = api(admin).get(f"/api/v1/jobs/{answer.json()['job']}/").json()
    assert (job["state"], job["errors"]) == ("queued", [])


def test_a_file_has_a_size_that_it_may_have(project, monkeypatch):
    monkeypatch.setitem(files.LARGEST, ".jsonl", 10)
    with pytest.raises(TooLarge):
        bring(project, lines(2))


def test_a_line_that_never_ends_is_not_read_whole(project, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 100)
    job = bring(project, lines(2) + b"\n" + b"x" * 1000)
    assert (job.state, job.errors[0]["row"]) == ("failed", 3)


def test_another_kind_of_file_is_refused(api, project, admin):
    file = io.BytesIO(b"x")
    file.name = "rows.xlsx"
    answer = api(admin).post(f"/api/v1/projects/{project.uuid}/import/", {"file": file}, format="multipart")
    assert answer.status_code == 400
