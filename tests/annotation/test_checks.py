"""What a manager is warned of: the row is taken all the same."""

import io
import json

import pytest

from annotation.checks import Checker, is_garbled, personal_data
from annotation.models import Item
from annotation.rows import RowFault, parse
from annotation.services import files
from tests.fixtures.demo_data import FOLDER, array

LINES = (FOLDER / "bad_rows.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
EXPECTED = array("bad_rows.expected.json")
WARNED = {"language", "mojibake", "pii", "choice", "duplicate", "near_duplicate"}


def sound_rows():
    for number, line in enumerate(LINES, start=1):
        try:
            yield number, parse(json.loads(line), kind="rate")
        except (ValueError, RowFault):
            continue


def test_each_bad_row_of_the_fixtures_is_warned_of_as_expected_and_no_other_is():
    checker = Checker(near_rows=100)
    found = {(number, one.field, one.kind) for number, row in sound_rows() for one in checker.look(number, row)}
    assert found == {(bad["line"], bad["field"], bad["kind"]) for bad in EXPECTED if bad["kind"] in WARNED}


@pytest.mark.parametrize(
    "text",
    [
        "write to li.wei@example.com.cn",
        "电话13800138000。",
        "call +44 20 7946 0958 after six",
        "身份证号11010519491231002X",
        "card 4111 1111 1111 1111",
    ],
)
def test_personal_data_is_seen(text):
    assert len(personal_data(text)) == 1


@pytest.mark.parametrize(
    "text",
    [
        "the year 2024 and pi 3.14159265358979",
        "user @ home, a@b",
        "111111111111111111",
        "4111 1111 1111 1112",
        "ISBN 9787020002207",
        "2 + 1234567890 = ?",
    ],
)
def test_other_numbers_are_not_personal_data(text):
    assert personal_data(text) == []


@pytest.mark.parametrize("text", ["数据".encode().decode("latin-1"), "itâ€™s", "cafÃ© Ã  Paris", "a\ufffdb", "锟斤拷"])
def test_text_that_was_decoded_by_the_wrong_table_is_seen(text):
    assert is_garbled(text)


@pytest.mark.parametrize(
    "text", ["naïve café, Škoda", "“quoted” – it’s…", "x ± 2°, ½ × ¼", "数据与“引号”", "¿Qué? ÀÉÎ"]
)
def test_accents_and_typography_are_not(text):
    assert not is_garbled(text)


def test_rows_come_in_flagged_and_managers_find_them(api, project, admin):
    clean, garbled = (
        {"instruction": "What is dew?"},
        {"instruction": "Why?", "output": "数据".encode().decode("latin-1")},
    )
    url = f"/api/v1/projects/{project.uuid}/items/"
    said = api(admin).post(url, [clean, garbled]).json()
    assert (said["created"], said["warned"], said["errors"]) == (2, 1, [])
    assert [(one["row"], one["kind"], one["field"]) for one in said["warnings"]] == [(2, "mojibake", "output")]
    listed = api(admin).get(url, {"warned": "true"}).json()["results"]
    assert [(item["messages"][0]["content"], item["warnings"]) for item in listed] == [("Why?", ["mojibake"])]


def test_a_file_says_what_it_is_warned_of(api, project, admin, client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    text = "Name three rivers that flow into the sea from the north of the country."
    rows = [{"instruction": text}, {"instruction": f"{text} Please."}, {"instruction": "写信给 a.b@example.com"}]
    content = io.BytesIO("\n".join(json.dumps(row) for row in rows).encode())
    job = files.run_import(
        job=files.start_import(actor=admin, project=project, name="rows.jsonl", content=content).uuid
    )
    said = api(admin).get(f"/api/v1/jobs/{job.uuid}/").json()
    assert (said["state"], said["created"], said["warned"]) == ("done", 3, 2)
    assert [(one["row"], one["kind"]) for one in said["warnings"]] == [(2, "near_duplicate"), (3, "pii")]
    assert [item.warnings for item in Item.objects.order_by("-id")[:3]] == [["pii"], ["near_duplicate"], []]
    client.force_login(admin)
    shown = client.get(f"/projects/{project.uuid}/items/", {"warned": "1"}).content.decode()
    assert "near duplicate" in shown
    assert f">{text}<" not in shown
