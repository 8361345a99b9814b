import json

import pytest
from django.core.management import call_command
from procrastinate.contrib.django.models import ProcrastinateJob

from evaluation.conformance import cases, tables
from evaluation.conformance.cases import Case, run
from evaluation.services.conformance import run_conformance

URL = "/api/v1/conformance/"


@pytest.mark.parametrize("case", list(cases.cases()), ids=lambda case: case.name)
def test_each_published_number_is_derived_here(case):
    assert case.derive() == pytest.approx(case.expected, abs=case.tolerance)


def test_a_changed_table_fails(monkeypatch):
    monkeypatch.setattr(tables, "FOUR_JUDGES", [row[::-1] if n else row for n, row in enumerate(tables.FOUR_JUDGES)])
    assert {result.name for result in run() if not result.passed} >= {"icc 3 1", "icc 3 k"}


def test_a_case_that_raises_has_failed_with_its_error(monkeypatch):
    monkeypatch.setattr(cases, "cases", lambda: [Case("broken", "nobody", 1.0, 0.1, lambda: 1 / 0)])
    (result,) = run()
    assert not result.passed
    assert result.error.startswith("ZeroDivisionError")


def test_the_command_needs_no_database_and_says_so_as_json(capsys):
    call_command("conformance", json=True)
    found = json.loads(capsys.readouterr().out)
    assert found["passed"]
    assert len(found["results"]) == len(list(cases.cases()))


def test_the_last_jobs_result_is_read_by_anyone(api, db):
    assert api().get(URL).status_code == 404
    run_conformance()
    data = api().get(URL).data
    assert data["passed"]
    assert {"name", "source", "expected", "found", "difference"} <= set(data["results"][0])


def test_an_admin_asks_for_a_new_one(api, admin, alice):
    assert api(alice).post(URL).status_code == 403
    assert api(admin).post(URL).status_code == 202
    assert ProcrastinateJob.objects.filter(task_name="evaluation.conformance").count() == 1
